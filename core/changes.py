"""What changed in the database, for caches: reads what its triggers wrote, in every process, within a second.

Knows no cache and no table of others: a change is a tag, `module:mod_…`, and whoever cached something under that tag
throws it away. A gap in what was seen means that anything may have changed.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, text
from sqlalchemy.orm import Session

from core import clock
from core.db import Database
from core.errors import Transient
from core.log import get_logger
from core.models import Change

_log = get_logger(__name__)

INTERVAL_SECONDS = 0.3
FRESH_SECONDS = 1.0
"""What was cached may be given out while the last good look began less than this ago."""

# Rows are kept far longer than this (see `prune`): who looked away for longer starts from nothing.
_GAP_SECONDS = 60.0
_MANY = 5_000

OnChange = Callable[[Collection[str] | None], None]
"""Told which tags changed; None says that anything may have."""


@dataclass(frozen=True)
class Position:
    """How far a watcher has read. `seen` are rows at or after the mark, which the next look meets again."""

    mark: int
    seen: frozenset[int] = field(default_factory=frozenset)


class Watcher:
    """Looks for changes a few times a second. Every method but `run` is quick; `look` may be driven by hand."""

    def __init__(
        self, database: Database, on_change: OnChange, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._on_change = on_change
        self._monotonic = monotonic
        self._position: Position | None = None
        self._looked_at = clock.now()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.seen_at = -float("inf")
        """When the last good look began, by the monotonic clock."""
        self.away = False
        """Whether the last look failed: the database does not answer."""

    def is_fresh(self) -> bool:
        """Whether everything that was committed a second ago has been heard of."""
        return self._monotonic() - self.seen_at < FRESH_SECONDS

    def look(self) -> bool:
        """Read what is new, tell of it, and only then count as fresh. False where the database did not answer."""
        began = self._monotonic()
        try:
            with self._database.read() as session:
                position, tags = read(session, self._position)
        except Transient as error:
            if not self.away:
                _log.warning("the caches cannot see what changes", error=error.message)
            self.away = True
            return False
        except BaseException:
            self.away = True
            raise
        if self._position is None or self._gap(began) > _GAP_SECONDS:
            tags = None
        if tags is None or tags:
            self._on_change(tags)
        self._position, self.seen_at, self._looked_at = position, began, clock.now()
        if self.away:
            _log.info("the caches see again what changes")
        self.away = False
        return True

    def _gap(self, now: float) -> float:
        """How long nobody looked. A machine that slept did not count it on the monotonic clock."""
        return max(now - self.seen_at, abs((clock.now() - self._looked_at).total_seconds()))

    def start(self) -> None:
        """Look now, and from then on in a thread of its own. A database that is away does not stop the start."""
        self.look()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. It may be inside a look that hangs: nobody waits for that."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001  # a watcher that ends would let every cache go cold for good
                _log.exception("looking for changes failed")


def tag(topic: str, subject: str) -> str:
    """What a cached value is thrown away by."""
    return f"{topic}:{subject}"


def read(session: Session, after: Position | None) -> tuple[Position, Collection[str] | None]:
    """What became visible since `after`, each change at least once, and where to go on. None: too much to name.

    Without `after` nothing is told but the position.
    """
    if session.get_bind().dialect.name == "postgresql":
        return _read_postgres(session, after)
    return _read_sqlite(session, after)


def prune(session: Session, before: datetime) -> None:
    """Delete what was noted before `before`, which lies further back than any watcher may look away."""
    session.execute(delete(Change).where(Change.recorded_at < before))


# Writers of SQLite go one after another, so numbers become visible in their order.
_SQLITE_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")
_SQLITE_NEW = text("SELECT topic, subject FROM changes WHERE id > :mark LIMIT :many")

# The lower of two numbers may be committed later, and a transaction may be open for long. All whose number lies below
# xmin have ended, so whatever they wrote is visible now; what others wrote is looked at again until they have.
_POSTGRES_NEW = text(
    "SELECT horizon.xmin, changes.id, changes.writer, changes.topic, changes.subject "
    "FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin) AS horizon "
    "LEFT JOIN (SELECT id, writer, topic, subject FROM changes WHERE writer >= :mark LIMIT :many) AS changes ON true"
)
_POSTGRES_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def _read_sqlite(session: Session, after: Position | None) -> tuple[Position, Collection[str] | None]:
    last = int(session.execute(_SQLITE_LAST).scalar() or 0)
    if after is None or last == after.mark:
        return Position(last), ()
    if last < after.mark:  # an older copy of the database
        return Position(last), None
    rows = session.execute(_SQLITE_NEW, {"mark": after.mark, "many": _MANY}).all()
    return Position(last), _tags(rows) if len(rows) < _MANY else None


def _read_postgres(session: Session, after: Position | None) -> tuple[Position, Collection[str] | None]:
    if after is None:
        return Position(int(session.execute(_POSTGRES_HORIZON).scalar_one())), ()
    rows = session.execute(_POSTGRES_NEW, {"mark": after.mark, "many": _MANY}).all()
    mark = int(rows[0].xmin)
    found = [row for row in rows if row.id is not None]
    if len(found) >= _MANY or mark < after.mark:
        return Position(mark), None
    seen = frozenset(int(row.id) for row in found if row.writer >= mark)
    return Position(mark, seen), _tags(row for row in found if row.id not in after.seen)


def _tags(rows: Iterable[Row[Any]]) -> Collection[str]:
    return {tag(row.topic, row.subject) for row in rows}
