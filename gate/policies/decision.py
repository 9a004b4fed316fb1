"""What an organisation's policies make of a report: findings, one check more, and a verdict that is never milder.

Fails closed: a policy that gave no answer leaves the verdict undecided. Never raises for what a policy says.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from gate.checks import Check
from gate.conclusion import Conclusion
from gate.policies.bundle import ANSWERS, Bundle
from gate.policies.document import MOST_BYTES, document, written
from gate.policies.organisation import Circumstances, Organisation, chosen
from gate.policies.rego import DEFAULT_LIMITS, Answer, Evaluator, Question, RegoLimits, evaluator
from gate.policies.rego_text import Problem
from gate.report import CheckResult, Finding, Overridden, Report, Severity, Verdict
from tfmodule.files import FileMap, printable

Level = Literal["off", "advisory", "soft", "hard"]
Kind = Literal["deny", "warn"]

SOURCE = "policy"
POLICIES = Check(0, "policies", "Policies of the organisation", "safety")
"""Said of the report as a whole, so it stands at its end and outside of the table."""
_MOST_FINDINGS = 100
_LONGEST = 1_000
_FIX = "See the policy's `metadata`, or try the policies with `terrasmith policy check`."


@dataclass(frozen=True)
class Rule:
    """One policy: its package, what it says of itself, and the level that holds."""

    id: str
    title: str
    level: Level
    package: str
    docs: str = ""


@dataclass(frozen=True)
class Ruling:
    """What all policies said of one module. `overrides` are those that were needed."""

    findings: tuple[Finding, ...] = ()
    undecided: tuple[Finding, ...] = ()
    overrides: tuple[Overridden, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def conclusion(self) -> Conclusion:
        if any(finding.severity == "error" for finding in self.findings):
            return Conclusion("failed", (*self.findings, *self.undecided))
        if self.undecided:
            return Conclusion("undecided", (*self.findings, *self.undecided))
        return Conclusion("passed", self.findings, note=_told(self.rules))


def severity(level: Level, kind: Kind, *, overridden: bool) -> Severity:
    """How much a word of a policy weighs. Only what a soft policy forbids can be overridden."""
    if level == "advisory":
        return "note"
    if kind == "warn" or (level == "soft" and overridden):
        return "warning"
    return "error"


def governed(
    report: Report,
    files: FileMap,
    organisation: Organisation,
    circumstances: Circumstances,
    limits: RegoLimits = DEFAULT_LIMITS,
) -> Report:
    """The report with what the organisation's policies say of it; as it is where there are none."""
    bundle = organisation.bundle
    if not bundle.files:
        return report
    started = time.monotonic()
    overrides: tuple[Overridden, ...] = ()
    if _unreadable(report):
        conclusion = Conclusion("skipped", note="Nothing reads what the screen refuses.")
    else:
        ruling = next(rulings(bundle, [(report, files, circumstances)], organisation.overrides, limits))
        conclusion, overrides = ruling.conclusion, ruling.overrides
    result = POLICIES.result(conclusion, round(time.monotonic() - started, 3))
    said = tuple(replace(one, check=POLICIES.id) for one in conclusion.findings)
    return replace(
        report,
        checks=(*report.checks, result),
        findings=(*report.findings, *said),
        verdict=worse(report.verdict, result),
        policy_digest=hashlib.sha256(f"{report.policy_digest}{organisation.digest}".encode()).hexdigest(),
        organisation=organisation.digest,
        overrides=overrides,
    )


def worse(verdict: Verdict, result: CheckResult) -> Verdict:
    """A refusal stays one; what nobody could tell is never passed."""
    if verdict == "refused" or result.outcome == "failed":
        return "refused"
    return "undecided" if result.outcome == "undecided" else verdict


def _unreadable(report: Report) -> bool:
    """The screen refused it, or it came as no archive at all: nothing of ours parses that."""
    screened = [one.outcome for one in report.checks if one.id == "screen"]
    return screened != ["passed"]


Case = tuple[Report, FileMap, Circumstances]


def rulings(
    bundle: Bundle,
    cases: Iterable[Case],
    overrides: tuple[Overridden, ...] = (),
    limits: RegoLimits = DEFAULT_LIMITS,
) -> Iterator[Ruling]:
    """A ruling for each module, all by one process as long as it answers."""
    waiting = list(cases)
    while waiting:
        with evaluator(bundle.modules, {"settings": bundle.settings}, limits) as asked:
            while waiting:
                report, files, circumstances = waiting.pop(0)
                yield _ruling(bundle, asked, document(report, files, circumstances), files, overrides)
                if asked.broken:
                    break  # another process for the rest


def described(bundle: Bundle, limits: RegoLimits = DEFAULT_LIMITS) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """The policies of a bundle as they describe themselves, and what is wrong with that."""
    with evaluator(bundle.modules, {"settings": bundle.settings}, limits) as asked:
        return _described(bundle, asked)


def _described(bundle: Bundle, asked: Evaluator) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    problems = [*bundle.problems, *asked.problems]
    if asked.broken:
        problems.append(Problem(f"The policies cannot be evaluated: {asked.broken}.", "", 0))
    if problems:
        return (), tuple(problems)
    packages = bundle.packages
    answers = list(asked.ask(Question("{}", tuple(f"data.{package}.metadata" for package in packages))))
    rules: dict[str, Rule] = {}
    levels = bundle.settings.get("levels", {})
    for (package, (path, line)), answer in zip(packages.items(), answers, strict=True):
        rule = _rule(package, answer.value, levels)
        if isinstance(rule, str):
            problems.append(Problem(f"`metadata`: {answer.error}." if answer.error else rule, path, line, _METADATA))
        elif rule.id in rules:
            problems.append(Problem(f"There are two policies `{rule.id}`.", path, line, "Give one another id."))
        else:
            rules[rule.id] = rule
    if not problems:
        problems += [
            Problem(f"`levels` names `{printable(name)}`, and there is no such policy.", "settings.json", 1)
            for name in levels
            if name not in rules
        ]
    return tuple(rules.values()), tuple(problems)


_METADATA = 'Write `metadata := {"id": "…", "title": "…", "level": "advisory"}`; the level may be soft or hard too.'


def _rule(package: str, value: Any, levels: Mapping[str, Level]) -> Rule | str:
    if not isinstance(value, dict):
        return "`metadata` is no object."
    name, title, level, docs = (value.get(key, "") for key in ("id", "title", "level", "docs"))
    if not isinstance(name, str) or not name.replace("-", "").isalnum() or not name.isascii() or len(name) > 64:
        return "`metadata.id` is no id: up to 64 letters, digits and hyphens."
    if not isinstance(title, str) or not title.strip() or len(title) > 200:
        return "`metadata.title` is no title."
    if level not in ("advisory", "soft", "hard"):
        return "`metadata.level` is none of advisory, soft, hard."
    if not isinstance(docs, str):
        return "`metadata.docs` is no address."
    return Rule(name, printable(title), levels.get(name, level), package, printable(docs))


def _ruling(
    bundle: Bundle, asked: Evaluator, values: Mapping[str, Any], files: FileMap, overrides: tuple[Overridden, ...]
) -> Ruling:
    rules, problems = _described(bundle, asked)
    if problems:
        return Ruling(undecided=tuple(_problem(one) for one in problems))
    text = written(dict(values))
    if len(text) > MOST_BYTES:
        message = "The module is too large to be shown to the policies."
        return Ruling(undecided=(Finding("policy", "warning", message, fix="Make it smaller.", source=SOURCE),))
    active = [rule for rule in rules if rule.level != "off"]
    queries = tuple(f"data.{rule.package}.{kind}" for rule in active for kind in ANSWERS)
    answers = iter(list(asked.ask(Question(text, queries))))
    findings: list[Finding] = []
    undecided: list[Finding] = []
    needed: dict[str, Overridden] = {}
    for rule in active:
        override = chosen(overrides, rule.id) if rule.level == "soft" else None
        for kind in ("deny", "warn"):
            said, wrong = _said(bundle, rule, kind, next(answers), files, override)
            findings += said
            undecided += wrong
            if said and kind == "deny" and override is not None:
                needed[rule.id] = override
    return Ruling(tuple(findings), tuple(dict.fromkeys(undecided)), tuple(needed.values()), tuple(active))


def _said(
    bundle: Bundle, rule: Rule, kind: Kind, answer: Answer, files: FileMap, override: Overridden | None
) -> tuple[list[Finding], list[Finding]]:
    """The findings of one rule, and why it has none where it should have had some."""
    if answer.undefined:
        return [], []
    wrong = answer.error
    if not wrong and not isinstance(answer.value, list):
        wrong = f"its `{kind}` is no set: write `{kind} contains {{…}} if {{…}}`"
    elif not wrong and not all(_is_word(one) for one in answer.value):
        wrong = f"its `{kind}` holds what is no text and no object with a `message`"
    if wrong:
        path, line = bundle.place_of(rule.package, kind)
        message = f"The policy `{rule.id}` ({rule.title}) gave no answer: {wrong} (`{path}`, line {line})."
        fix = "Whoever keeps the organisation's policies mends it: `terrasmith policy test` shows where."
        return [], [Finding(f"policy/{rule.id}", "warning", message, fix=fix, source=SOURCE)]
    found = [_finding(rule, kind, one, files, override) for one in answer.value]
    found.sort(key=lambda one: (one.path or "", one.line or 0, one.message))
    return found[:_MOST_FINDINGS], []


def _is_word(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("message"), str))


def _finding(rule: Rule, kind: Kind, value: Any, files: FileMap, override: Overridden | None) -> Finding:
    said = {"message": value} if isinstance(value, str) else value
    path, line, fix = said.get("path"), said.get("line"), said.get("fix", "")
    known = isinstance(path, str) and path in files
    message = _clean(said["message"]) or rule.title
    if override is not None and kind == "deny":
        message += f" {override.actor} overrode it: {override.reason}"
    fixes = [_clean(fix)] if isinstance(fix, str) and fix else []
    fixes += [f"See {rule.docs}."] if rule.docs else []
    return Finding(
        f"policy/{rule.id}",
        severity(rule.level, kind, overridden=override is not None),
        message,
        path if known else None,
        line if known and isinstance(line, int) and not isinstance(line, bool) and 0 < line < 1 << 31 else None,
        fix=" ".join(fixes),
        source=SOURCE,
    )


def _clean(text: str) -> str:
    """On one line, of a bounded length, with nothing invisible."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:_LONGEST]


def _problem(problem: Problem) -> Finding:
    place = f" (`{printable(problem.path)}`, line {problem.line})" if problem.path else ""
    message = f"The organisation's policies cannot be used: {problem.message}{place}"
    return Finding("policy", "warning", message, fix=problem.fix or _FIX, source=SOURCE)


def _told(rules: tuple[Rule, ...]) -> str:
    return f"{len(rules)} policies" if len(rules) != 1 else "1 policy"
