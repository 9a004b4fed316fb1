"""Runs the tests of policies: rules named `test_…`. Says which held and which not, and why.

A test is a case, `{"policy": …, "input": …, "deny": …}`: the policy is asked with that input, and must say that. Any
other test must be true. One that never ends ends itself; the others are run all the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gate.policies.bundle import ANSWERS, Bundle, BundleError, Folder
from gate.policies.decision import Rule, described
from gate.policies.rego import DEFAULT_LIMITS, Answer, Question, RegoLimits, evaluator

Outcome = Literal["passed", "failed", "error", "skipped"]
PREFIX, SKIPPED = "test_", "todo_test_"
_MEMBERS = frozenset({"policy", "input", "settings", *ANSWERS})


@dataclass(frozen=True)
class Tested:
    """One test, where it is, and how it ended."""

    name: str
    path: str
    line: int
    outcome: Outcome
    note: str = ""


@dataclass(frozen=True)
class PolicyTests:
    """All of them; `untested` are the policies that no case asks."""

    tests: tuple[Tested, ...]
    untested: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(one.outcome in ("passed", "skipped") for one in self.tests)


def run_tests(folder: Folder, limits: RegoLimits = DEFAULT_LIMITS) -> PolicyTests:
    """Run every test of a folder. Raises BundleError where policies or tests cannot be read."""
    rules, problems = described(folder.bundle, limits)
    whole = Bundle({**folder.bundle.files, **folder.tests})
    if problems or whole.problems:
        raise BundleError(problems or whole.problems)
    known = {rule.id: rule for rule in rules}
    tests = list(_tests(whole))
    wanted = [one for one in tests if one.outcome != "skipped"]
    data = {"settings": folder.bundle.settings, "fixtures": folder.fixtures}
    values = _values(folder, wanted, data, limits)
    cases = [_case(values[one], known, folder.bundle.settings) for one in wanted]
    questions = [one for one in cases if isinstance(one, _Case)]
    said = iter(list(_answers(folder.bundle.modules, data, (one.question for one in questions), limits)))
    ended = iter(
        [
            replace(test, **(case.ended(next(said)) if isinstance(case, _Case) else case))
            for test, case in zip(wanted, cases, strict=True)
        ]
    )
    shown = tuple(one if one.outcome == "skipped" else next(ended) for one in tests)
    return PolicyTests(shown, tuple(sorted(set(known) - {one.rule.id for one in questions})))


def _tests(whole: Bundle) -> Iterator[Tested]:
    for text in whole.texts:
        for rule, line in text.rules.items():
            if rule.startswith((PREFIX, SKIPPED)):
                outcome: Outcome = "skipped" if rule.startswith(SKIPPED) else "failed"
                yield Tested(f"{text.package}.{rule}", text.path, line, outcome)


def _values(
    folder: Folder, wanted: Sequence[Tested], data: Mapping[str, Any], limits: RegoLimits
) -> Mapping[Tested, Answer]:
    """What each test is, file by file, beside what the policies share: many files at once kill the evaluator."""
    shared = {one.path for one in folder.bundle.texts if "metadata" not in one.rules}
    found: dict[Tested, Answer] = {}
    for path in dict.fromkeys(one.path for one in wanted):
        here = [one for one in wanted if one.path == path]
        modules = {name: text for name, text in folder.bundle.modules.items() if name in shared or name == path}
        asked = (Question("{}", (f"data.{one.name}",)) for one in here)
        answers = _answers({**modules, path: folder.tests.get(path) or modules[path]}, data, asked, limits)
        found |= {one: answer[0] for one, answer in zip(here, answers, strict=True)}
    return found


def _answers(
    modules: Mapping[str, str], data: Mapping[str, Any], questions: Iterable[Question], limits: RegoLimits
) -> Iterator[Sequence[Answer]]:
    """For each question. After one that ended the evaluator, another is started for those that are left."""
    waiting = list(questions)
    while waiting:
        with evaluator(modules, data, limits) as asked:
            if asked.problems:
                raise BundleError(asked.problems)
            while waiting:
                yield list(asked.ask(waiting.pop(0)))
                if asked.broken:
                    break


@dataclass(frozen=True)
class _Case:
    """A policy, what it is asked with, and what it must say."""

    rule: Rule
    question: Question
    expected: Mapping[str, Any]

    def ended(self, answers: Sequence[Answer]) -> dict[str, Any]:
        for kind, answer in zip(ANSWERS, answers, strict=True):
            if answer.error:
                return {"outcome": "error", "note": f"`{kind}`: {answer.error}"}
            said = [] if answer.undefined else answer.value
            if not isinstance(said, list):
                return {"outcome": "error", "note": f"`{kind}` is no set"}
            if note := _differs(kind, self.expected.get(kind, 0), said):
                return {"outcome": "failed", "note": note}
        return {"outcome": "passed"}


def _case(answer: Answer, rules: Mapping[str, Rule], settings: Mapping[str, Any]) -> "_Case | dict[str, Any]":
    """The case that a test is, or how it ended where it is none."""
    value = answer.value
    if answer.error:
        return {"outcome": "error", "note": answer.error}
    if value is True:
        return {"outcome": "passed"}
    if not isinstance(value, dict):
        return {"note": "it is undefined" if answer.undefined else f"it is {json.dumps(value):.80}, not true"}
    if unknown := set(value) - _MEMBERS:
        return {"outcome": "error", "note": f"a case has no member `{min(unknown):.80}`"}
    rule = rules.get(str(value.get("policy")))
    if rule is None:
        return {"outcome": "error", "note": f"there is no policy `{value.get('policy')!s:.80}`"}
    if "input" not in value or not isinstance(value.get("settings", {}), dict):
        return {"outcome": "error", "note": "a case has an `input`, and its `settings` are an object"}
    for kind in ANSWERS:
        if not isinstance(value.get(kind, 0), int | list):
            return {"outcome": "error", "note": f"`{kind}` is how many, or a list of what is said"}
    data = {"settings": {**settings, **value.get("settings", {})}}
    queries = tuple(f"data.{rule.package}.{kind}" for kind in ANSWERS)
    return _Case(rule, Question(json.dumps(value["input"], ensure_ascii=False), queries, data), value)


def _differs(kind: str, expected: int | list[Any], said: list[Any]) -> str:
    """Why what was said is not what was expected; empty where it is."""
    count = expected if isinstance(expected, int) else len(expected)
    if len(said) != count:
        return f"`{kind}` has {len(said)}, not {count}: {json.dumps(said, ensure_ascii=False):.200}"
    if isinstance(expected, list):
        for wanted in expected:
            if not any(_fits(wanted, one) for one in said):
                return f"`{kind}` has no {json.dumps(wanted):.80}: {json.dumps(said, ensure_ascii=False):.200}"
    return ""


def _fits(wanted: Any, said: Any) -> bool:
    """A text must stand in the message; an object's members must be as they are there."""
    if isinstance(wanted, str):
        return wanted in str(said["message"] if isinstance(said, dict) and "message" in said else said)
    if isinstance(wanted, dict) and isinstance(said, dict):
        return all(said.get(name) == value for name, value in wanted.items())
    return bool(wanted == said)
