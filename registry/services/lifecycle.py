"""What may become of a version after it was published. Today: an operator removes it, and its number stays taken.

A removed version is a tombstone: not listed, not served, never published again, not even with the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import audit, namespaces
from core.errors import UserError
from registry import models
from registry.services import catalog, latest
from tfmodule.address import Address
from tfmodule.version import Version

PUBLISHED, TOMBSTONE = "published", "tombstone"

VERSION_TRANSITIONS: Mapping[str, frozenset[str]] = {
    PUBLISHED: frozenset({TOMBSTONE}),
    TOMBSTONE: frozenset(),
}

_LONGEST_REASON = 1_000


@dataclass(frozen=True)
class VersionStanding:
    """A version as an operator sees it: where it stands, and what the sweeper last found of its bytes."""

    address: Address
    version: str
    state: str
    reason: str | None
    sha256: str
    published_at: datetime
    verified_at: datetime | None
    damage: str | None


def remove(session: Session, address: Address, version: Version, reason: str, actor: str) -> VersionStanding:
    """Make it a tombstone, for good. Removing it again changes nothing, the reason neither. Raises UserError."""
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise UserError(f"Say why it is removed, in 1 to {_LONGEST_REASON} characters: whoever asks for it is told.")
    module = _module(session, address)
    row = session.scalar(
        select(models.Version)
        .where(models.Version.module_id == module.id, models.Version.version_key == version.precedence_key)
        .with_for_update()
    )
    if row is None or row.version != str(version):
        raise UserError(f"There is no version {version} of `{address}`.")
    if row.state != TOMBSTONE:
        assert TOMBSTONE in VERSION_TRANSITIONS[row.state]
        row.state, row.state_reason = TOMBSTONE, reason
        latest.refresh(session, module.id)
        detail = {"address": str(address), "version": row.version, "sha256": row.sha256, "reason": reason}
        audit.record(session, actor, "version.remove", f"version:{row.id}", detail)
    return _standing(address, row)


def standings(
    session: Session, address: Address | None = None, *, damaged: bool = False, limit: int = 1_000
) -> tuple[VersionStanding, ...]:
    """Versions with their states, newest publication first: of one module or of all, or only those with bad bytes."""
    wanted = select(models.Version, models.Module).join(models.Module, models.Module.id == models.Version.module_id)
    if address is not None:
        wanted = wanted.where(models.Version.module_id == _module(session, address).id)
    if damaged:
        wanted = wanted.where(models.Version.damage.is_not(None), models.Version.state != TOMBSTONE)
    rows = session.execute(wanted.order_by(models.Version.published_at.desc(), models.Version.id).limit(limit)).all()
    names = {one.id: one.name for one in namespaces.list_all(session)}
    return tuple(
        _standing(Address(names[module.namespace_id], module.name, module.system), version) for version, module in rows
    )


def _module(session: Session, address: Address) -> models.Module:
    namespace = namespaces.find(session, address.namespace)
    module = catalog.find_module(session, namespace, address) if namespace is not None else None
    if module is None:
        raise UserError(f"There is no module `{address}`.")
    return module


def _standing(address: Address, row: models.Version) -> VersionStanding:
    return VersionStanding(
        address=address,
        version=row.version,
        state=row.state,
        reason=row.state_reason,
        sha256=row.sha256,
        published_at=row.published_at,
        verified_at=row.verified_at,
        damage=row.damage,
    )
