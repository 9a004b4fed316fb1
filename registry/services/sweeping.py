"""The sweep over stored archives: each is read again from time to time and held to its digest (F-18).

Reads piece by piece, so memory does not grow with an archive. Repairs nothing: it finds, tells and writes down.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from accounts import audit
from core import clock, outbox
from core.events import ArchiveDamaged
from registry import models
from registry.storage.port import ObjectDiffersError, ObjectMissingError, Storage, archive_key
from registry.version_states import TOMBSTONE

Damage = Literal["missing", "unreadable", "differs"]

_CHUNK = 256 * 1024


@dataclass(frozen=True)
class StoredArchive:
    """An archive that some version is made of."""

    sha256: str
    size: int


def due(session: Session, before: datetime, limit: int) -> tuple[StoredArchive, ...]:
    """Archives to read: those last found bad, those never read, then those unread since `before`, the longest first."""
    row = models.Version
    found: dict[str, StoredArchive] = {}
    # Three questions, each of which an index answers.
    for condition in (
        row.damage.is_not(None),
        row.verified_at.is_(None),
        and_(row.verified_at < before, row.damage.is_(None)),
    ):
        wanted = select(row.sha256, row.size).where(condition, row.state != TOMBSTONE).order_by(row.verified_at)
        for sha256, size in session.execute(wanted.limit(limit)):
            found.setdefault(sha256, StoredArchive(sha256, size))
    return tuple(found.values())[:limit]


def examine(storage: Storage, sha256: str, size: int) -> Damage | None:
    """Read the stored bytes through, and say what is wrong with them."""
    digest, seen = hashlib.sha256(), 0
    try:
        with storage.open(archive_key(sha256)) as stream:
            while seen <= size and (piece := stream.read(_CHUNK)):
                digest.update(piece)
                seen += len(piece)
    except ObjectMissingError:
        return "missing"
    except ObjectDiffersError:  # replaced by somebody while we read
        return "differs"
    except OSError:
        return "unreadable"
    return None if seen == size and digest.hexdigest() == sha256 else "differs"


def require_whole(storage: Storage, sha256: str, size: int) -> None:
    """Raise ObjectMissingError or ObjectDiffersError unless the storage gives back exactly these bytes."""
    damage = examine(storage, sha256, size)
    if damage == "missing":
        raise ObjectMissingError(archive_key(sha256))
    if damage is not None:
        raise ObjectDiffersError(archive_key(sha256))


def note(session: Session, sha256: str, damage: Damage | None) -> bool:
    """Write down what was found, for every version with these bytes. Tells only what is new; returns whether it was."""
    row = models.Version
    rows = session.execute(
        select(row.id, row.damage).where(row.sha256 == sha256, row.state != TOMBSTONE).with_for_update()
    ).all()
    values = {"damage": damage} if damage is not None else {"damage": None, "verified_at": clock.now()}
    session.execute(update(row).where(row.sha256 == sha256, row.state != TOMBSTONE).values(values))
    changed = [version_id for version_id, before in rows if before != damage]
    for version_id in changed:
        action = "version.damaged" if damage is not None else "version.repaired"
        audit.record(session, audit.SYSTEM, action, f"version:{version_id}", {"sha256": sha256, "damage": damage})
    if changed and damage is not None:
        outbox.record(session, ArchiveDamaged(sha256=sha256, damage=damage))
    return bool(changed)


def any_damaged(session: Session) -> bool:
    """Whether some version that should be served has bad bytes, as of the last sweep."""
    row = models.Version
    return session.scalar(select(row.id).where(row.damage.is_not(None), row.state != TOMBSTONE).limit(1)) is not None
