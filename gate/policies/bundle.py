"""A set of policies as values: its files, its parameters, and what is wrong with them as texts. Evaluates nothing.

A folder holds `NAME.rego`, `NAME_test.rego`, `settings.json` for parameters, and `fixtures/NAME.json` for its tests.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from core.errors import UserError
from gate.policies.rego_text import Problem, RegoText, read_rego
from tfmodule.files import FileMap, printable

SETTINGS = "settings.json"
LEVELS = ("off", "advisory", "soft", "hard")
MOST_FILES, MOST_BYTES = 200, 1 << 20
ANSWERS = ("deny", "warn")
_FIXTURE = re.compile(r"fixtures/([A-Za-z0-9_-]+)\.json")
_IGNORED = re.compile(r"(?:^|/)(?:\.[^/]*|README(?:\.md)?|LICENSE|CHANGELOG\.md)(?:/|$)", re.IGNORECASE)


class BundleError(UserError):
    """The policies cannot be used, all reasons with their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [told(one) for one in self.problems]
        super().__init__("\n".join(["The policies cannot be used.", *lines]))


def told(problem: Problem) -> str:
    """`file:line: what is wrong, and what to do`."""
    place = f"{printable(problem.path)}:{problem.line}: " if problem.path else ""
    return f"{place}{problem.message} {problem.fix}".rstrip()


@dataclass(frozen=True)
class Bundle:
    """What is kept, handed on and evaluated: policies and parameters, as text by path. Tests are left behind."""

    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all of it: the version of the policies."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()

    @cached_property
    def texts(self) -> tuple[RegoText, ...]:
        return tuple(read_rego(path, text) for path, text in sorted(self.files.items()) if path.endswith(".rego"))

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """What the evaluator reads."""
        return {path: text for path, text in sorted(self.files.items()) if path.endswith(".rego")}

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """`data.settings`; empty where it cannot be read, which is among the problems."""
        try:
            values = json.loads(self.files.get(SETTINGS, "{}"))
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    @property
    def packages(self) -> Mapping[str, tuple[str, int]]:
        """The packages that are policies, because they have `metadata`, with the place of that."""
        return {one.package: (one.path, one.rules["metadata"]) for one in self.texts if "metadata" in one.rules}

    def place_of(self, package: str, rule: str) -> tuple[str, int]:
        """Where a rule of a package is first defined."""
        found = ((one.path, one.rules[rule]) for one in self.texts if one.package == package and rule in one.rules)
        return next(found, self.packages.get(package, ("", 0)))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What can be seen without evaluating anything."""
        return (*self._of_settings(), *self._of_texts())

    def _of_texts(self) -> Iterable[Problem]:
        seen: dict[str, str] = {}
        yield from self._of_names()
        speaking = {one.package for one in self.texts if "metadata" in one.rules}
        for text in self.texts:
            yield from text.problems
            if not text.package:
                yield Problem("The file does not begin with `package NAME`.", text.path, 1, "Name its package.")
            elif text.package.split(".")[0] in ("settings", "fixtures"):
                message = f"The package `{text.package}` would hide `data.{text.package.split('.')[0]}`."
                yield Problem(message, text.path, 1, "Give it another name.")
            if "metadata" in text.rules and text.package in seen:
                message = f"`{seen[text.package]}` describes the package `{text.package}` already."
                yield Problem(message, text.path, text.rules["metadata"], "Say it once.")
            elif "metadata" in text.rules:
                seen[text.package] = text.path
            for rule in ANSWERS:
                if rule in text.rules and text.package not in speaking:
                    message = f"The package `{text.package}` has `{rule}` and no `metadata`, so nobody would ask it."
                    fix = 'Add `metadata := {"id": "…", "title": "…", "level": "advisory"}`.'
                    yield Problem(message, text.path, text.rules[rule], fix)

    def _of_names(self) -> Iterable[Problem]:
        """The evaluator takes a name that means nothing for something undefined."""
        rules: dict[str, set[str]] = {}
        for text in self.texts:
            rules.setdefault(text.package, set()).update(text.rules)
        for text in self.texts:
            known = rules[text.package]
            for name in text.lonely:
                if name.text not in known:
                    message = (
                        f"`{name.text}` stands once in its rule and means nothing else: the rule could never hold."
                    )
                    fix = "Correct the name, or write `_` for what is not used."
                    yield Problem(message, text.path, name.line, fix)

    def _of_settings(self) -> Iterable[Problem]:
        text = self.files.get(SETTINGS)
        if text is None:
            return
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 1)
            yield Problem("It is no JSON.", SETTINGS, line, f"Correct it: {getattr(error, 'msg', 'too deep')}.")
            return
        levels = values.get("levels", {}) if isinstance(values, dict) else None
        if not isinstance(levels, dict):
            yield Problem("It is not an object, or its `levels` is none.", SETTINGS, 1, "See docs/POLICIES.md.")
            return
        for name, level in levels.items():
            if level not in LEVELS:
                message = f"`levels.{printable(name)}` is none of {', '.join(LEVELS)}."
                yield Problem(message, SETTINGS, _line_of(text, name), "Choose one of them.")


NOTHING = Bundle()


@dataclass(frozen=True)
class Folder:
    """Policies with their tests, as an author has them."""

    bundle: Bundle
    tests: Mapping[str, str]
    fixtures: Mapping[str, Any]


def read_bundle(files: FileMap) -> Folder:
    """The policies in a folder's files. Raises BundleError for what no policy folder holds."""
    taken = {path: data for path, data in sorted(files.items()) if not _IGNORED.search(path)}
    if len(taken) > MOST_FILES or sum(len(data) for data in taken.values()) > MOST_BYTES:
        raise BundleError([Problem(f"There are more than {MOST_FILES} files, or {MOST_BYTES} bytes.", "", 0)])
    problems: list[Problem] = []
    texts = dict(_texts(taken, problems))
    tests = {path: text for path, text in texts.items() if path.endswith("_test.rego")}
    kept = {path: text for path, text in texts.items() if path == SETTINGS or path.endswith(".rego")}
    bundle = Bundle(MappingProxyType({path: text for path, text in kept.items() if path not in tests}))
    fixtures: dict[str, Any] = {}
    for path, text in texts.items():
        if match := _FIXTURE.fullmatch(path):
            try:
                fixtures[match[1]] = json.loads(text)
            except (ValueError, RecursionError) as error:
                problems.append(Problem(f"It is no JSON: {error}.", path, getattr(error, "lineno", 1)))
        elif path not in kept:
            fix = f"Policies are `*.rego`, parameters `{SETTINGS}`, and what tests use `fixtures/NAME.json`."
            problems.append(Problem("A folder of policies holds no such file.", path, 1, fix))
    if not problems and not bundle.modules:
        problems.append(Problem("There is no policy: no file ends in `.rego`.", "", 0))
    problems += bundle.problems
    if problems:
        raise BundleError(problems)
    return Folder(bundle, tests, fixtures)


def _texts(files: FileMap, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    for path, data in files.items():
        text = data.decode("utf-8", "replace")
        if "\0" in text or text.encode() != data:
            problems.append(Problem("It is no text in UTF-8.", path, 1))
        else:
            yield path, text


def _line_of(text: str, name: str) -> int:
    place = text.find(json.dumps(name, ensure_ascii=False))
    return text.count("\n", 0, max(place, 0)) + 1
