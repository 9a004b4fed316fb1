"""Who may rely on stored bytes, and who may take them away: one row for each archive, locked by both.

A publisher claims an archive before it stores the bytes, and proves in the transaction that publishes that the claim
still stands. A collector condemns an archive in one transaction, takes the bytes away outside, and forgets the row in
another. Whoever comes second is told: what is published has its bytes, however long anybody slept in between.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from core import clock
from core.errors import Transient
from core.ids import new_id
from registry import models
from registry.upload_states import UNDER_WAY
from registry.version_states import TOMBSTONE

# A collector goes from its first transaction to its last in seconds. One that took this long has died in between.
COLLECTOR_LOST = timedelta(minutes=30)


class BeingCollectedError(Transient):
    """The bytes are on their way out of the storage, or are gone: store them anew, in a moment."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"the archive {sha256} is being collected: it must be stored anew", retry_after=30)
        self.sha256 = sha256


def claim(session: Session, sha256: str, now: datetime | None = None) -> str:
    """Say that these bytes are about to be stored and published. Commit it before anything is stored.

    Raises BeingCollectedError while a collector is at work on them.
    """
    now = now or clock.now()
    ensure(session, sha256, now)
    row = _locked(session, sha256)
    if row is None:  # collected between the two statements
        raise BeingCollectedError(sha256)
    if row.condemned_at is not None:
        if row.condemned_at > now - COLLECTOR_LOST:
            raise BeingCollectedError(sha256)
        # The collector died: nobody knows whether before or after it took the bytes away.
        row.claim, row.condemned_at, row.condemned_by = new_id("clm"), None, None
    row.claimed_at = now
    session.flush()
    return row.claim


def require(session: Session, sha256: str, claimed: str | None) -> None:
    """Hold the archive until the transaction ends; raise BeingCollectedError if it was not stored under this claim.

    Without a claim the caller answers for it that nobody collects.
    """
    if claimed is None:
        ensure(session, sha256)
    row = _locked(session, sha256)
    if row is None or row.condemned_at is not None or (claimed is not None and row.claim != claimed):
        raise BeingCollectedError(sha256)


def ensure(session: Session, sha256: str, now: datetime | None = None) -> None:
    """Know of an archive; from now on its grace period counts, unless it was known before."""
    values = {"sha256": sha256, "claim": new_id("clm"), "claimed_at": now or clock.now()}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(models.Archive).values(values).on_conflict_do_nothing())


def unneeded(session: Session, now: datetime, grace: timedelta, after: str, limit: int) -> tuple[str, ...]:
    """Archives that `condemn` would take, by digest, those after the digest `after`."""
    row = models.Archive
    wanted = select(row.sha256).where(row.sha256 > after, _collectable(now, grace))
    return tuple(session.scalars(wanted.order_by(row.sha256).limit(limit)))


def condemn(session: Session, sha256: str, now: datetime, grace: timedelta) -> str | None:
    """Decide that these bytes go. The collector's mark, or None where somebody needs them or may need them yet."""
    row = _locked(session, sha256)
    # Asked in a statement of its own, after the lock: it sees what the last holder of the lock has committed.
    if (
        row is None
        or session.scalar(select(models.Archive.sha256).where(_of(sha256), _collectable(now, grace))) is None
    ):
        return None
    row.condemned_at, row.condemned_by = now, new_id("col")
    # Whoever stored under the claim of before must store again.
    row.claim = new_id("clm")
    session.flush()
    return row.condemned_by


def forget(session: Session, sha256: str, mark: str) -> bool:
    """The bytes are gone. Nothing happens, and False, where another collector or a publisher has taken over."""
    gone = session.execute(delete(models.Archive).where(_of(sha256), models.Archive.condemned_by == mark))
    return isinstance(gone, CursorResult) and gone.rowcount > 0


def unknown(session: Session, found: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these digests are neither noted here nor what a living version is made of."""
    archive, version = models.Archive, models.Version
    known = set(session.scalars(select(archive.sha256).where(archive.sha256.in_(found))))
    known |= set(session.scalars(select(version.sha256).where(version.sha256.in_(found), version.state != TOMBSTONE)))
    return tuple(one for one in found if one not in known)


def _of(sha256: str) -> ColumnElement[bool]:
    return models.Archive.sha256 == sha256


def _collectable(now: datetime, grace: timedelta) -> ColumnElement[bool]:
    """Unclaimed for the whole grace period; no version, and no upload under way, is made of it; nobody else is at it.

    A removed version counts as one for another grace period.
    """
    row, version, upload, before = models.Archive, models.Version, models.Upload, now - grace
    living = select(version.id).where(
        version.sha256 == row.sha256, or_(version.state != TOMBSTONE, version.state_changed_at >= before)
    )
    under_way = select(upload.id).where(upload.sha256 == row.sha256, upload.state.in_(UNDER_WAY))
    return and_(
        row.claimed_at < before,
        or_(row.condemned_at.is_(None), row.condemned_at < now - COLLECTOR_LOST),
        ~living.exists(),
        ~under_way.exists(),
    )


def _locked(session: Session, sha256: str) -> models.Archive | None:
    return session.scalar(
        select(models.Archive).where(_of(sha256)).with_for_update().execution_options(populate_existing=True)
    )
