"""Versions by strict semver, and their order. Refuses every looser spelling."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import UserError
from tfmodule.files import printable

_MAX_LENGTH = 128
# Terraform's parser keeps each number in a signed 64-bit integer.
_MAX_NUMBER = 2**63 - 1

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE_PART = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_PRERELEASE_PART}(?:\.{_PRERELEASE_PART})*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
)

_Precedence = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


class InvalidVersionError(UserError):
    """Not a version as semver writes it."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{printable(text)}` is not a version: write MAJOR.MINOR.PATCH, for example `1.4.0` or `2.0.0-rc.1`."
        )
        self.text = text


@dataclass(frozen=True)
class Version:
    """One version, ordered by semver precedence.

    Where only build metadata differs, its text decides, so that sorting is stable.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read strict semver 2.0.0 (numbers up to 2^63-1, 128 characters in all); raises InvalidVersionError."""
        match = _SEMVER.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if match is None:
            raise InvalidVersionError(text)
        major, minor, patch = (int(match.group(i)) for i in (1, 2, 3))
        if max(major, minor, patch) > _MAX_NUMBER:
            raise InvalidVersionError(text)
        return cls(
            major, minor, patch, tuple(match.group(4).split(".")) if match.group(4) else (), match.group(5) or ""
        )

    @property
    def is_prerelease(self) -> bool:
        return bool(self.prerelease)

    @property
    def precedence_key(self) -> str:
        """The text without build metadata: equal exactly when two versions have the same precedence."""
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{'.'.join(self.prerelease)}" if self.prerelease else core

    def next_minor(self) -> "Version":
        """The version of the next compatible change; of a prerelease `1.2.0-rc.1` it is `1.2.0`."""
        if self.is_prerelease and self.patch == 0:
            return Version(self.major, self.minor, 0)
        return Version(self.major, self.minor + 1, 0)

    def precedence(self) -> _Precedence:
        """What semver compares: build metadata is not in it."""
        # A release is above its prereleases; numeric identifiers are below alphanumeric ones; fewer fields are lower.
        fields = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.prerelease)
        return (self.major, self.minor, self.patch, not self.prerelease, fields)

    def _sort_key(self) -> tuple[_Precedence, str]:
        return (self.precedence(), self.build)

    def __lt__(self, other: "Version") -> bool:
        return self._sort_key() < other._sort_key()

    def __le__(self, other: "Version") -> bool:
        return self._sort_key() <= other._sort_key()

    def __gt__(self, other: "Version") -> bool:
        return self._sort_key() > other._sort_key()

    def __ge__(self, other: "Version") -> bool:
        return self._sort_key() >= other._sort_key()

    def __str__(self) -> str:
        return f"{self.precedence_key}+{self.build}" if self.build else self.precedence_key


def parse_tag(text: str) -> Version:
    """The version a git tag names: strict semver after an optional `v`; raises InvalidVersionError."""
    try:
        return Version.parse(text.removeprefix("v"))
    except InvalidVersionError:
        raise InvalidVersionError(text) from None


def latest(versions: Iterable[Version]) -> Version | None:
    """The highest release; the highest prerelease only where there is no release at all."""
    return max(versions, key=lambda version: (not version.is_prerelease, version), default=None)
