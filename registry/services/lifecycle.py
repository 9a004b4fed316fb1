"""What may become of a version after it was published: deprecated, revoked, quarantined, restored, removed; or held.

Every change asks `VERSION_TRANSITIONS` under a lock on the row, gives a reason, and leaves an audit row. Saying the
same again changes nothing. A removed version is a tombstone: never published again, not even with the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import audit, namespaces
from accounts.tokens import Principal
from core import clock
from core.errors import UserError
from registry import models
from registry.services import archive_claims, catalog, latest, standing
from registry.services.standing import Replacement, ReplacementError, Standing
from registry.version_states import (
    DEPRECATED,
    PUBLISHED,
    QUARANTINED,
    REVOKED,
    TOMBSTONE,
    VERSION_TRANSITIONS,
)
from tfmodule.address import Address
from tfmodule.version import Version

Action = Literal["deprecate", "revoke", "quarantine", "restore", "remove"]

LEADS_TO: Mapping[Action, str] = {
    "deprecate": DEPRECATED,
    "revoke": REVOKED,
    "quarantine": QUARANTINED,
    "restore": PUBLISHED,  # or, out of quarantine, to where it stood before
    "remove": TOMBSTONE,
}

OF_PUBLISHERS: frozenset[Action] = frozenset({"deprecate", "revoke", "restore"})
"""What a publishing token may do to its namespace's versions. Quarantine, its end, and removal are the operator's."""

_LONGEST_REASON = 1_000


class ReasonError(UserError):
    """No reason, or none that can be shown."""

    def __init__(self) -> None:
        super().__init__(f"Say why, in 1 to {_LONGEST_REASON} characters: whoever asks for the version is told.")


class ForeignNamespaceError(UserError):
    """The token publishes elsewhere. Says the same whether or not there is such a namespace."""

    def __init__(self, namespace: str, own: str) -> None:
        super().__init__(
            f"This token publishes into the namespace `{own}` and not into `{namespace}`: send one of that namespace."
        )
        self.namespace, self.own = namespace, own


class OperatorsChoiceError(UserError):
    """Only an operator decides about a quarantined version, and only an operator puts one there."""

    def __init__(self, version: str) -> None:
        super().__init__(f"{version} is quarantined: only the registry's operator can change that.")


class StandingError(UserError):
    """From where the version stands, there is no such way."""


class HeldError(UserError):
    """A legal hold: nobody removes it, neither by hand nor by policy."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is under a hold and cannot be removed ({reason}). End the hold first, if you may.")


@dataclass(frozen=True)
class Words:
    """Why, and what to use instead; as somebody wrote it."""

    reason: str
    replacement: str | None = None


@dataclass(frozen=True)
class Author:
    """Who does it: an operator or Terrasmith itself, or the holder of a publishing token."""

    actor: str
    principal: Principal | None = None


OPERATOR = Author(audit.OPERATOR)


@dataclass(frozen=True)
class VersionStanding:
    """A version as an operator sees it: where it stands, and what the sweeper last found of its bytes."""

    id: str
    address: Address
    version: str
    standing: Standing
    held: str | None
    sha256: str
    published_at: datetime
    verified_at: datetime | None
    damage: str | None

    @property
    def state(self) -> str:
        return self.standing.state

    @property
    def reason(self) -> str | None:
        return self.standing.reason or None


def change(
    session: Session, action: Action, address: Address, version: Version, words: Words, by: Author
) -> VersionStanding:
    """Move one version. The same again changes nothing; other words for the same state are written down.

    A tombstone keeps its first words. Raises UnknownModuleError, UnknownVersionError and this file's errors.
    """
    reason = _reason(words.reason)
    address, module = _own_module(session, address, by, lock=True)
    row = _locked(session, module, address, version)
    replacement = _replacement(session, words.replacement, Replacement(address, version), by)
    _refuse(action, module, row, by)
    to = _target(action, row)
    said = (reason, replacement) if to in (DEPRECATED, REVOKED, QUARANTINED) else (None, None)
    if to == TOMBSTONE:
        said = (reason, None)
    before = row.state
    unchanged = before == to and (to in (PUBLISHED, TOMBSTONE) or said == (row.state_reason, row.replacement))
    if unchanged:
        return _of_row(address, row)
    if action == "restore" and before == QUARANTINED:
        _leave_quarantine(row)
    else:
        _enter(row, to, said)
    if to == TOMBSTONE:
        archive_claims.ensure(session, row.sha256)
    latest.refresh(session, module.id)
    detail = {"address": str(address), "version": row.version, "sha256": row.sha256, "from": before, "to": row.state}
    detail |= {"reason": reason} | ({"replacement": replacement} if replacement else {})
    audit.record(session, by.actor, f"version.{action}", f"version:{row.id}", detail)
    session.flush()
    return _of_row(address, row)


def remove(session: Session, address: Address, version: Version, reason: str, actor: str) -> VersionStanding:
    """Make it a tombstone, for good. Raises what `change` raises."""
    return change(session, "remove", address, version, Words(reason), Author(actor))


def change_module(
    session: Session, action: Literal["deprecate", "restore"], address: Address, words: Words, by: Author
) -> Standing:
    """Deprecate a whole module, every version of it and those to come; or take that back. The same again: nothing."""
    reason = _reason(words.reason)
    address, row = _own_module(session, address, by, lock=True)
    replacement = _replacement(session, words.replacement, Replacement(address), by)
    if action == "deprecate":
        unchanged = row.deprecated_at is not None and (row.deprecation_reason, row.replacement) == (reason, replacement)
        row.deprecated_at = row.deprecated_at or clock.now()
        row.deprecation_reason, row.replacement = reason, replacement
    else:
        unchanged = row.deprecated_at is None
        row.deprecated_at = row.deprecation_reason = row.replacement = None
    if not unchanged:
        detail = {"address": str(address), "reason": reason} | ({"replacement": replacement} if replacement else {})
        audit.record(session, by.actor, f"module.{action}", f"module:{row.id}", detail)
        session.flush()
    return standing.of_module(row) or standing.IN_GOOD_STANDING


def hold(session: Session, address: Address, version: Version | None, reason: str | None, by: Author) -> None:
    """Forbid the removal of a version, or of every version of a module; without a reason: end that.

    What is a tombstone already cannot be held.
    """
    address, module = _own_module(session, address, by, lock=True)
    row = _locked(session, module, address, version) if version is not None else module
    if isinstance(row, models.Version) and row.state == TOMBSTONE:
        raise StandingError(f"{row.version} was removed already: there is nothing left to hold.")
    wanted = _reason(reason) if reason is not None else None
    if row.hold_reason == wanted:
        return
    row.hold_reason = wanted
    kind = "version" if version is not None else "module"
    detail = {"address": str(address), "version": str(version) if version else None, "reason": wanted}
    audit.record(session, by.actor, f"{kind}.{'hold' if wanted else 'unhold'}", f"{kind}:{row.id}", detail)
    session.flush()


def standings(
    session: Session, address: Address | None = None, *, damaged: bool = False, limit: int = 1_000
) -> tuple[VersionStanding, ...]:
    """Versions with their states, newest publication first: of one module or of all, or only those with bad bytes."""
    wanted = select(models.Version, models.Module).join(models.Module, models.Module.id == models.Version.module_id)
    if address is not None:
        wanted = wanted.where(models.Version.module_id == _module(session, address)[1].id)
    if damaged:
        wanted = wanted.where(models.Version.damage.is_not(None), models.Version.state != TOMBSTONE)
    rows = session.execute(wanted.order_by(models.Version.published_at.desc(), models.Version.id).limit(limit)).all()
    names = {one.id: one.name for one in namespaces.list_all(session)}
    return tuple(
        _of_row(Address(names[module.namespace_id], module.name, module.system), version, module)
        for version, module in rows
    )


def _module(session: Session, address: Address, *, lock: bool = False) -> tuple[Address, models.Module]:
    namespace = namespaces.find(session, address.namespace)
    module = catalog.find_module(session, namespace, address) if namespace is not None else None
    if namespace is None or module is None:
        raise catalog.UnknownModuleError(str(address), f"There is no module `{address}`.")
    if lock:
        # Always before one of its versions. NO KEY: publishers of the module need not wait.
        session.refresh(module, with_for_update={"key_share": True})
    return Address(namespace.name, module.name, module.system), module


def _own_module(session: Session, address: Address, by: Author, *, lock: bool = False) -> tuple[Address, models.Module]:
    if by.principal is not None:
        namespace = namespaces.find(session, address.namespace)
        if namespace is None or not by.principal.may_publish(namespace.id):
            raise ForeignNamespaceError(address.namespace, by.principal.namespace)
    return _module(session, address, lock=lock)


def _locked(session: Session, module: models.Module, address: Address, version: Version) -> models.Version:
    row = session.scalar(
        select(models.Version)
        .where(models.Version.module_id == module.id, models.Version.version_key == version.precedence_key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.version != str(version):
        raise catalog.UnknownVersionError(str(address), str(version), f"There is no version {version} of `{address}`.")
    return row


def _refuse(action: Action, module: models.Module, row: models.Version, by: Author) -> None:
    """Raise where this author, or anybody, may not do this from here."""
    if by.principal is not None and (action not in OF_PUBLISHERS or row.state == QUARANTINED):
        raise OperatorsChoiceError(row.version)
    if row.state == TOMBSTONE and action != "remove":
        raise StandingError(f"{row.version} was removed for good ({row.state_reason}): nothing can bring it back.")
    if row.state == QUARANTINED and action in ("deprecate", "revoke"):
        raise StandingError(f"{row.version} is quarantined: restore it first, or remove it.")
    if action == "remove" and row.state != TOMBSTONE and (row.hold_reason or module.hold_reason):
        raise HeldError(row.version, row.hold_reason or module.hold_reason or "")


def _target(action: Action, row: models.Version) -> str:
    to = LEADS_TO[action]
    if action == "restore" and row.state == QUARANTINED:
        to = str((row.before_quarantine or {}).get("state", PUBLISHED))
    assert to == row.state or to in VERSION_TRANSITIONS[row.state], f"{row.state} never becomes {to}"
    return to


def _enter(row: models.Version, to: str, said: tuple[str | None, str | None]) -> None:
    if to == QUARANTINED and row.state != QUARANTINED:
        since = row.state_changed_at.isoformat() if row.state_changed_at else None
        row.before_quarantine = {
            "state": row.state,
            "reason": row.state_reason,
            "replacement": row.replacement,
            "since": since,
        }
    if row.state != to:
        row.state_changed_at = clock.now()
    row.state, (row.state_reason, row.replacement) = to, said


def _leave_quarantine(row: models.Version) -> None:
    """A suspicion that did not hold undoes nothing that was said of the version before."""
    kept = row.before_quarantine or {}
    row.state = kept.get("state", PUBLISHED)
    row.state_reason, row.replacement = kept.get("reason"), kept.get("replacement")
    row.state_changed_at = datetime.fromisoformat(kept["since"]) if kept.get("since") else clock.now()
    row.before_quarantine = None


def _reason(text: str) -> str:
    """One line: a reason stands in tables, in messages and on pages."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= _LONGEST_REASON or not line.isprintable():
        raise ReasonError
    return line


def _replacement(session: Session, text: str | None, of: Replacement, by: Author) -> str | None:
    """The replacement as it is kept: something that people can choose, and that this author may know of."""
    if text is None or not text.strip():
        return None
    wanted = standing.parse_replacement(text, of.address)
    if (wanted.address.key == of.address.key and wanted.version in (of.version, None)) or (
        of.version is None and wanted.address.key == of.address.key
    ):
        raise ReplacementError(f"`{wanted}` cannot be its own replacement.")
    namespace = namespaces.find(session, wanted.address.namespace)
    principal = by.principal
    known = namespace is not None and (principal is None or namespace.is_public or principal.may_read(namespace.id))
    module = catalog.find_module(session, namespace, wanted.address) if namespace is not None and known else None
    listed = catalog.listed(session, module) if module is not None else ()
    if not listed or (wanted.version is not None and wanted.version not in listed):
        raise ReplacementError(f"`{wanted}` is nothing that people can choose: publish it first, or name another.")
    return str(wanted)


def _of_row(address: Address, row: models.Version, module: models.Module | None = None) -> VersionStanding:
    return VersionStanding(
        id=row.id,
        address=address,
        version=row.version,
        standing=standing.of_version(row.state, row.state_reason, row.replacement, row.state_changed_at, None),
        held=row.hold_reason or (module.hold_reason if module else None),
        sha256=row.sha256,
        published_at=row.published_at,
        verified_at=row.verified_at,
        damage=row.damage,
    )
