"""Where a version stands, as everybody may be told: its state, why, since when, and what to use instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import UserError
from registry import models
from registry.version_states import DEPRECATED, PUBLISHED
from tfmodule.address import Address, InvalidAddressError
from tfmodule.files import printable
from tfmodule.version import Version


class ReplacementError(UserError):
    """What should be used instead cannot be used."""


@dataclass(frozen=True)
class Replacement:
    """A module, or one version of a module, of this registry."""

    address: Address
    version: Version | None = None

    def __str__(self) -> str:
        return f"{self.address}/{self.version}" if self.version else str(self.address)


@dataclass(frozen=True)
class Standing:
    """The state of one version, or of a whole module. `reason` is empty where nobody had to give one."""

    state: str = PUBLISHED
    reason: str = ""
    replacement: Replacement | None = None
    since: datetime | None = None
    whole_module: bool = False


IN_GOOD_STANDING = Standing()


def parse_replacement(text: str, of: Address) -> Replacement:
    """`NAMESPACE/NAME/SYSTEM`, that and `/VERSION`, or a VERSION of the same module. Raises ReplacementError."""
    parts = text.strip().split("/")
    try:
        if len(parts) == 1:
            return Replacement(of, Version.parse(parts[0]))
        if len(parts) in (3, 4):
            return Replacement(Address(*parts[:3]), Version.parse(parts[3]) if len(parts) == 4 else None)
    except (InvalidAddressError, UserError) as error:
        raise ReplacementError(f"The replacement cannot be read: {error}") from None
    raise ReplacementError(
        f"`{printable(text)[:200]}` names no replacement: write NAMESPACE/NAME/SYSTEM, NAMESPACE/NAME/SYSTEM/VERSION, "
        "or a VERSION of the same module."
    )


def of_module(row: models.Module) -> Standing | None:
    """The deprecation of a whole module."""
    if row.deprecated_at is None:
        return None
    kept = _read(row.replacement)
    return Standing(DEPRECATED, row.deprecation_reason or "", kept, row.deprecated_at, whole_module=True)


def of_version(
    state: str, reason: str | None, replacement: str | None, since: datetime | None, module: Standing | None
) -> Standing:
    """A version's own standing; where it has none of its own, its module's."""
    if state == PUBLISHED:
        return module or IN_GOOD_STANDING
    return Standing(state, reason or "", _read(replacement), since)


def shown(standing: Standing) -> Mapping[str, Any]:
    """As JSON tells it."""
    return {
        "state": standing.state,
        "reason": standing.reason or None,
        "replacement": str(standing.replacement) if standing.replacement else None,
        "since": standing.since.isoformat() if standing.since else None,
        "whole_module": standing.whole_module,
    }


def _read(text: str | None) -> Replacement | None:
    if text is None:
        return None
    parts = text.split("/")
    return Replacement(Address(*parts[:3]), Version.parse(parts[3]) if len(parts) == 4 else None)
