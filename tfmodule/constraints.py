"""Version constraints exactly as Terraform reads them, in its three dialects. Knows no registry and asks nobody.

Modules and `required_version` are read by one of Terraform's libraries, providers by that one and then by another, and
they differ: `~> 1` bounds a provider to 1.x and a module not at all. docs/DEPENDENCIES.md lists it all.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from core.errors import UserError
from tfmodule.files import printable
from tfmodule.version import InvalidVersionError, Version

_LONGEST = 500
# Terraform keeps each number in a signed 64-bit integer.
_MAX_NUMBER = 2**63 - 1

# The client's own expressions, its `\s` spelled out: how a version may look, and a term around it.
_SPACE = r"[\t\n\f\r ]*"
_WORD = r"[0-9A-Za-z\-~]"
_VERSION = (
    r"v?(?P<numbers>[0-9]+(?:\.[0-9]+)*?)"
    rf"(?:-(?P<digits>[0-9]+{_WORD}*(?:\.{_WORD}+)*)|-?(?P<letters>[A-Za-z\-~]+{_WORD}*(?:\.{_WORD}+)*))?"
    rf"(?:\+(?P<build>{_WORD}+(?:\.{_WORD}+)*))?"
)
_OPERATORS = ("<=", ">=", "!=", "~>", "<", ">", "=")
_TERM = re.compile(rf"{_SPACE}(?P<operator>{'|'.join(_OPERATORS)}|)(?P<gap>{_SPACE})(?P<version>{_VERSION}){_SPACE}")
# What the second library reads after the operator: no `v`, a dash before a prerelease, three numbers at most.
_STRICT = re.compile(r"[0-9]+(?:\.[0-9]+){0,2}(?:(?P<hollow>-)|(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")
_LINE = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18})?)(?:\.[xX*])*")


class Dialect(Enum):
    """What a constraint is written for."""

    MODULE = "module"
    PROVIDER = "provider"
    TERRAFORM = "terraform"
    """`required_version`."""


class InvalidConstraintError(UserError):
    """Terraform would not take this as a constraint, and why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"`{printable(text)}` is not a version constraint: {reason}. "
            "Write for example `~> 1.2` or `>= 1.0.0, < 2.0.0`."
        )
        self.text, self.reason = text, reason


@dataclass(frozen=True)
class Term:
    """One comparison. `numbers` has three parts at least; `given` says how many were written."""

    text: str
    operator: str
    numbers: tuple[int, ...]
    given: int
    prerelease: str
    build: str
    bare: bool
    """Written so that Terraform recognises a prerelease in it: no `v`, no space after the operator, three numbers."""

    @property
    def bound(self) -> Version:
        """The version it names, as far as three numbers tell it."""
        major, minor, patch = self.numbers[:3]
        return Version(major, minor, patch, tuple(self.prerelease.split(".")) if self.prerelease else (), self.build)

    def is_exactly(self, version: Version) -> bool:
        """Whether it asks for this version and no other, build metadata included."""
        return self.operator in ("", "=") and _spelling(self.bound) == _spelling(version)


@dataclass(frozen=True)
class Constraints:
    """Terms that must all hold. Without any, every release will do."""

    dialect: Dialect
    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, dialect: Dialect, text: str | None) -> "Constraints":
        """Read a constraint as it stands in a module; None where none is written. Raises InvalidConstraintError."""
        if text is None:
            return cls(dialect)
        if len(text) > _LONGEST:
            raise InvalidConstraintError(text, f"it is longer than {_LONGEST} characters")
        return cls(dialect, tuple(_term(dialect, part, text) for part in text.split(",")))

    def together(self, other: "Constraints") -> "Constraints":
        """Both, as Terraform joins what several modules say of one provider."""
        assert self.dialect == other.dialect, "constraints of two dialects mean nothing together"
        return Constraints(self.dialect, self.terms + other.terms)

    def allows(self, version: Version) -> bool:
        """Whether Terraform would take this version."""
        if self.dialect == Dialect.PROVIDER:
            return self._allows_provider(version)
        if self.dialect == Dialect.TERRAFORM:
            # A prerelease of Terraform itself is held to its three numbers.
            version = Version(version.major, version.minor, version.patch)
        elif version.is_prerelease:
            # Taken only where it is all that is asked for.
            return len(self.terms) == 1 and self.terms[0].bare and self.terms[0].is_exactly(version)
        return all(_FIRST_LIBRARY[term.operator](version, term) for term in self.terms)

    def choose(self, versions: Iterable[Version]) -> Version | None:
        """The version that Terraform installs out of these: the newest that it would take."""
        return max((version for version in versions if self.allows(version)), default=None)

    def can_meet(self, line: "Line") -> bool:
        """Whether some version of a line would do, be it published or not."""
        if line.exact is not None:
            return self.allows(line.exact)
        # The smallest release that holds is the line's first, a bound, or the next one after a bound.
        corners = {line.lowest}
        for term in self.terms:
            major, minor, patch = term.numbers[:3]
            corners |= {Version(major, minor, patch), Version(major, minor, patch + 1)}
        return self._allows_some(sorted((one for one in corners if line.holds(one)), key=_numbers))

    def _allows_some(self, corners: Sequence[Version]) -> bool:
        """Whether one of these releases would do, in their order, each term's bound among them.

        A term takes a run of releases, or leaves out one: so its ends are looked for, instead of trying each with each.
        """
        holds = _SECOND_LIBRARY if self.dialect == Dialect.PROVIDER else _FIRST_LIBRARY
        start, end, left_out = 0, len(corners), set[Version]()
        for term in self.terms:
            major, minor, patch = term.numbers[:3]
            bound, taken = Version(major, minor, patch), partial(_takes, holds[term.operator], term)
            at = bisect_left(corners, _numbers(bound), key=_numbers)
            if term.operator == "!=":
                left_out |= set() if taken(bound) else {bound}
            elif term.operator in (">", ">="):
                start = max(start, bisect_left(corners, True, key=taken))
            else:
                first = 0 if term.operator in ("<", "<=") else at
                last = bisect_left(corners, True, lo=first, key=partial(_refuses, holds[term.operator], term))
                start, end = max(start, first), min(end, last)
        return any(one not in left_out for one in corners[start:end])

    def _allows_provider(self, version: Version) -> bool:
        if version.is_prerelease and not any(term.is_exactly(version) for term in self.terms):
            return False
        return all(_SECOND_LIBRARY[term.operator](version, term) for term in self.terms)

    def __str__(self) -> str:
        return ", ".join(term.text.strip() for term in self.terms)


@dataclass(frozen=True)
class Line:
    """What somebody asks about: one version, or all releases that begin alike, such as `5`, `5.x` and `5.1`."""

    text: str
    numbers: tuple[int, ...] = ()
    exact: Version | None = None

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Raises UserError."""
        match = _LINE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
        if match is not None:
            return cls(text.strip(), tuple(int(number) for number in match[1].split(".")))
        try:
            return cls(text.strip(), exact=Version.parse(text.strip().removeprefix("v")))
        except InvalidVersionError:
            raise UserError(
                f"`{printable(text)}` is no version to ask about: write one such as `1.5.7`, or a line of versions "
                "such as `5`, `5.x` or `5.1`."
            ) from None

    @property
    def lowest(self) -> Version:
        """The first release of the line."""
        major, minor, patch = (*self.numbers, 0, 0, 0)[:3]
        return self.exact or Version(major, minor, patch)

    def holds(self, version: Version) -> bool:
        """Whether a release belongs to the line."""
        return (version.major, version.minor, version.patch)[: len(self.numbers)] == self.numbers


def _term(dialect: Dialect, part: str, whole: str) -> Term:
    match = _TERM.fullmatch(part)
    if match is None:
        raise InvalidConstraintError(whole, _what_is_wrong(part, whole))
    numbers = tuple(int(number) for number in match["numbers"].split("."))
    if max(numbers) > _MAX_NUMBER:
        raise InvalidConstraintError(whole, "it holds a number that is too large for Terraform")
    prerelease = match["letters"] or match["digits"] or ""
    if dialect == Dialect.TERRAFORM and prerelease:
        raise InvalidConstraintError(whole, "`required_version` may name no prerelease")
    strict = _STRICT.fullmatch(match["version"])
    if dialect == Dialect.PROVIDER and strict is None:
        reason = "for a provider, a version is up to three numbers without `v`, and a dash stands before a prerelease"
        raise InvalidConstraintError(whole, reason)
    if dialect == Dialect.PROVIDER and match["gap"] not in ("", " "):
        raise InvalidConstraintError(whole, f"for a provider, one space may follow `{match['operator']}` and no more")
    return Term(
        text=part,
        operator=match["operator"],
        numbers=(*numbers, 0, 0)[: max(3, len(numbers))],
        given=len(numbers),
        # In `1.0.0-` the second library sees no prerelease, the first one sees the prerelease `-`.
        prerelease="" if strict and strict["hollow"] and dialect == Dialect.PROVIDER else prerelease,
        build=match["build"] or "",
        bare=strict is not None and not strict["hollow"] and not match["gap"],
    )


def _what_is_wrong(part: str, whole: str) -> str:
    """The likely slip, in words."""
    text = part.strip()
    if not text:
        return "it is empty" if not whole.strip() else "a comma stands beside nothing"
    operator = re.match(r"[^0-9A-Za-z\s.*]*", text)
    written = operator.group() if operator else ""
    if "||" in text:
        return "Terraform has no `||`"
    if written in _MEANT:
        return f"Terraform has no `{written}`; perhaps `{_MEANT[written]}` is meant"
    if written and written not in _OPERATORS:
        return f"Terraform has no operator `{printable(written)}`"
    if re.search(r"[0-9]\s+[<>=!~0-9v]", text):
        return "a comma is missing between its parts"
    if re.search(r"(^|\.)[*xX](\.|$)", text[len(written) :].strip()):
        return "Terraform has no wildcards; `~> 1.2` takes every 1.x from 1.2 on"
    rest = text[len(written) :].strip()
    return f"`{printable(rest)}` is not a version" if rest else f"no version follows `{written}`"


_MEANT: Mapping[str, str] = {"=>": ">=", "=<": "<=", "==": "=", "^": "~>", "~": "~>", "<>": "!=", "!": "!="}


def _numbers(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


def _takes(comparison: "_Comparison", term: Term, version: Version) -> bool:
    return comparison(version, term)


def _refuses(comparison: "_Comparison", term: Term, version: Version) -> bool:
    return not comparison(version, term)


def _spelling(version: Version) -> tuple[str, str]:
    return version.precedence_key, version.build


def _compare(version: Version, term: Term) -> int:
    """A release against a bound as hashicorp/go-version orders them, which takes four numbers and more."""
    length = len(term.numbers)
    mine = (version.major, version.minor, version.patch, *[0] * length)[:length]
    if mine != term.numbers:
        return 1 if mine > term.numbers else -1
    return 1 if term.prerelease and length == 3 else 0


def _pessimistic(version: Version, term: Term) -> bool:
    if term.prerelease or len(term.numbers) > 3 or _compare(version, term) < 0:
        return False
    fixed = term.given - 1
    return (version.major, version.minor, version.patch)[:fixed] == term.numbers[:fixed]


def _pessimistic_provider(version: Version, term: Term) -> bool:
    major, minor = term.numbers[:2]
    upper = Version(major, minor + 1, 0) if term.given == 3 else Version(major + 1, 0, 0)
    return term.bound.precedence() <= version.precedence() < upper.precedence()


_Comparison = Callable[[Version, Term], bool]

_FIRST_LIBRARY: Mapping[str, _Comparison] = {
    "": lambda version, term: _compare(version, term) == 0,
    "=": lambda version, term: _compare(version, term) == 0,
    "!=": lambda version, term: _compare(version, term) != 0,
    ">": lambda version, term: _compare(version, term) > 0,
    ">=": lambda version, term: _compare(version, term) >= 0,
    "<": lambda version, term: _compare(version, term) < 0,
    "<=": lambda version, term: _compare(version, term) <= 0,
    "~>": _pessimistic,
}
_SECOND_LIBRARY: Mapping[str, _Comparison] = {
    "": lambda version, term: _spelling(version) == _spelling(term.bound),
    "=": lambda version, term: _spelling(version) == _spelling(term.bound),
    "!=": lambda version, term: _spelling(version) != _spelling(term.bound),
    ">": lambda version, term: version.precedence() > term.bound.precedence(),
    ">=": lambda version, term: version.precedence() >= term.bound.precedence(),
    "<": lambda version, term: version.precedence() < term.bound.precedence(),
    "<=": lambda version, term: version.precedence() <= term.bound.precedence(),
    "~>": _pessimistic_provider,
}
