"""A framework as data: requirements, in our own words, and the rules of the gate that are evidence for each.

Reads one TOML file, ours or an operator's, and refuses it with everything that is wrong with it. Knows no report.
"""

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from core.errors import UserError
from gate.scanning import concerns
from gate.scanning.concerns import Concern
from tfmodule.files import printable

Kind = Literal["code", "not-in-code"]
"""Whether code can show anything of a requirement, or only the account, people and papers can."""

Name = Literal["cis-aws", "soc2"]
BUILT_IN: tuple[Name, ...] = get_args(Name)
MOST_BYTES = 1 << 20
_FOLDER = Path(__file__).with_name("frameworks")
POLICY = "policy/"
"""What ids of an organisation's own policies begin with. Which there are is the organisation's matter."""
_POLICY = re.compile(r"policy/[A-Za-z0-9_.-]{1,100}")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SAID = ("id", "title", "version", "licence", "attribution")
_LONGEST = {"attribution": 2_000}
_MOST_REQUIREMENTS = 2_000
_TOLD = 20


class FrameworkError(UserError):
    """A framework's file that cannot be used; `problems` are all of them."""

    def __init__(self, where: str, problems: Collection[str]) -> None:
        told = [*list(problems)[:_TOLD], *(["…"] if len(problems) > _TOLD else [])]
        super().__init__(f"The framework `{printable(where)}` cannot be used: " + " ".join(told))
        self.problems = tuple(problems)


class UnknownFrameworkError(UserError):
    """Nobody knows a framework of this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(f"`{one}`" for one in BUILT_IN)
        super().__init__(f"There is no framework `{printable(name)}`. Known: {known}.")


@dataclass(frozen=True)
class Requirement:
    """One requirement; `rules` are ids of the gate's checks, of Checkov's rules and of policies, sorted."""

    id: str
    words: str
    kind: Kind
    rules: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    """Rules that tell what is wrong, and whose silence or praise shows nothing: they pass what they cannot read."""

    @property
    def asks(self) -> tuple[str, ...]:
        """All rules that speak of it; there are none where it is unmapped."""
        return (*self.rules, *self.against)


@dataclass(frozen=True)
class Framework:
    """`licence` and `attribution` are of the data in the file, and go wherever the data goes."""

    id: str
    title: str
    version: str
    licence: str
    attribution: str
    requirements: tuple[Requirement, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of everything in it: two reports can only be compared where the mapping was the same."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def built_in(name: str) -> Framework:
    """One of ours. Raises UnknownFrameworkError."""
    if name not in BUILT_IN:
        raise UnknownFrameworkError(name)
    return read((_FOLDER / f"{name}.toml").read_bytes(), name)


def read(data: bytes, where: str, known: Collection[str] | None = None) -> Framework:
    """The framework in a file. `known` are the ids of all rules there are; without them none is called unknown.

    Raises FrameworkError.
    """
    if len(data) > MOST_BYTES:
        raise FrameworkError(where, [f"It is larger than {MOST_BYTES >> 20} MiB."])
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise FrameworkError(where, ["It is not UTF-8."]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FrameworkError(where, [f"It is not TOML: {error}."]) from None
    reading = _Reading(known)
    found = reading.framework(values)
    if reading.problems:
        raise FrameworkError(where, reading.problems)
    return found


class _Reading:
    """Goes on after a problem, so that whoever writes a file is told of all of them at once."""

    def __init__(self, known: Collection[str] | None) -> None:
        self.known = known
        self.problems: list[str] = []

    def framework(self, values: Mapping[str, Any]) -> Framework:
        self._only(values, {*_SAID, "requirement"}, "the file")
        said = {name: self._text(values, name, "the file") for name in _SAID}
        if said["id"] and not _ID.fullmatch(said["id"]):
            self._wrong("`id` takes small letters, digits, dots, dashes and underscores, at most 64.")
        tables = values.get("requirement")
        if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
            self._wrong("It has no `[[requirement]]`.")
            tables = []
        if len(tables) > _MOST_REQUIREMENTS:
            self._wrong(f"It has more than {_MOST_REQUIREMENTS} requirements.")
            tables = []
        found = tuple(self._requirement(number, table) for number, table in enumerate(tables, 1))
        self._duplicates(found)
        return Framework(**said, requirements=found)

    def _requirement(self, number: int, values: Mapping[str, Any]) -> Requirement:
        name = values.get("id")
        where = f"requirement `{printable(name)}`" if isinstance(name, str) and name else f"requirement number {number}"
        self._only(values, {"id", "words", "kind", "rules", "concerns", "against"}, where)
        kind = values.get("kind", "code")
        if kind not in get_args(Kind):
            self._wrong(f"In {where}, `kind` is neither {' nor '.join(f'`{one}`' for one in get_args(Kind))}.")
        rules = self._names(values, "rules", where)
        for rule in rules:
            self._check_rule(rule, where)
        for concern in self._names(values, "concerns", where):
            if concern not in get_args(Concern):
                self._wrong(f"In {where}, there is no concern `{printable(concern)}`: {', '.join(get_args(Concern))}.")
            rules += [one.id for one in concerns.rules().values() if one.concern == concern]
        against = self._names(values, "against", where)
        for rule in against:
            self._check_rule(rule, where)
        for twice in sorted(set(rules) & set(against)):
            self._wrong(f"In {where}, `{printable(twice)}` stands among `rules` and `against`.")
        if kind == "not-in-code" and (rules or against):
            self._wrong(f"In {where}, there are rules, so it is not `not-in-code`.")
        name, words = self._text(values, "id", where, 64), self._text(values, "words", where)
        return Requirement(name, words, cast("Kind", kind), tuple(sorted(set(rules))), tuple(sorted(against)))

    def _check_rule(self, rule: str, where: str) -> None:
        if self.known is None or rule in self.known or _POLICY.fullmatch(rule):
            return
        near = difflib.get_close_matches(rule, self.known, 1, 0.75)
        hint = f"; the nearest is `{near[0]}`" if near else ""
        self._wrong(f"In {where}, no rule is called `{printable(rule)}`{hint}.")

    def _text(self, values: Mapping[str, Any], name: str, where: str, most: int = 500) -> str:
        value = values.get(name)
        if not isinstance(value, str) or not value.strip():
            self._wrong(f"In {where}, `{name}` is missing.")
            return ""
        text = " ".join(value.split())
        if len(text) > _LONGEST.get(name, most) or not text.isprintable():
            self._wrong(f"In {where}, `{name}` is too long, or holds what nobody can see.")
        return text

    def _names(self, values: Mapping[str, Any], name: str, where: str) -> list[str]:
        found = values.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            self._wrong(f"In {where}, `{name}` is not a list of ids.")
            return []
        for twice in sorted({one for one in found if found.count(one) > 1}):
            self._wrong(f"In {where}, `{printable(twice)}` stands twice.")
        return list(found)

    def _duplicates(self, requirements: Collection[Requirement]) -> None:
        seen: set[str] = set()
        for one in requirements:
            if one.id and one.id.casefold() in seen:
                self._wrong(f"The requirement `{printable(one.id)}` stands twice.")
            seen.add(one.id.casefold())

    def _only(self, values: Mapping[str, Any], names: Collection[str], where: str) -> None:
        for name in sorted(values.keys() - set(names)):
            self._wrong(f"In {where}, nothing is called `{printable(name)}`: {', '.join(sorted(names))}.")

    def _wrong(self, problem: str) -> None:
        self.problems.append(problem[:1].upper() + problem[1:])
