"""The relay: turns recorded events into jobs, puts due jobs on their queues, and takes back what was lost.

Safe to repeat and to run twice: a job's key is unique, a push is only a wish, and a claim decides. It is woken by the
doorbell and looks every second anyway, so that losing Redis costs latency and never work.
"""

import signal
import time
from datetime import timedelta
from types import FrameType

from sqlalchemy import select

from core import clock, events, jobs, log
from core.db import Database
from core.doorbell import Doorbell
from core.errors import Transient
from core.models import OutboxRow
from core.redis import RedisError, connect
from core.settings import Settings
from workers.jobs import JOBS
from workers.queues import Queues
from workers.schedule import Schedule
from workers.subscriptions import SUBSCRIPTIONS

_LOOK_SECONDS = 1.0
_SWEEP_SECONDS = 2.0
# How long a pushed job may stand unclaimed before we ask Redis whether it still has it.
_DOUBT_SECONDS = 5.0

logger = log.get_logger(__name__)


def expand(database: Database, limit: int = 50) -> int:
    """Make the jobs of events that have none yet. Returns how many events were read."""
    with database.read() as session:
        if session.scalar(select(OutboxRow.id).where(OutboxRow.relayed_at.is_(None)).limit(1)) is None:
            return 0
    with database.unit_of_work() as session:
        rows = session.scalars(
            select(OutboxRow)
            .where(OutboxRow.relayed_at.is_(None))
            .order_by(OutboxRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            event = events.from_payload(row.event, row.payload)
            for subscription in SUBSCRIPTIONS[type(event)]:
                jobs.create(
                    session,
                    key=f"event:{row.id}:{subscription.job}",
                    name=subscription.job,
                    queue=JOBS[subscription.job].queue,
                    subject=row.subject,
                    args=events.to_payload(event),
                    event_id=row.id,
                    delay=subscription.delay,
                    coalesce=subscription.coalesce,
                )
            row.relayed_at = clock.now()
    return len(rows)


def push_due(database: Database, queues: Queues) -> int:
    """Put due jobs on their queues. With Redis away they simply stay due."""
    with database.read() as session:
        due = jobs.due(session)
    for push in due:
        queues.push(push)
    if due:
        with database.unit_of_work() as session:
            jobs.mark_pushed(session, due)
    return len(due)


def sweep(database: Database, queues: Queues) -> int:
    """Take back jobs from silent workers, and jobs that Redis no longer has. Returns how many."""
    with database.unit_of_work() as session:
        found = jobs.reclaim_expired(session)
    with database.read() as session:
        doubtful = jobs.queued_before(session, clock.now() - timedelta(seconds=_DOUBT_SECONDS))
    lost = [push for push in doubtful if not queues.holds(push)]
    if lost:
        with database.unit_of_work() as session:
            for push in lost:
                jobs.unqueue(session, push.job_id)
    return found + len(lost)


class Relay:
    """The process `terrasmith relay`."""

    def __init__(self, settings: Settings) -> None:
        assert settings.redis_url is not None
        assert settings.database_url is not None
        redis = connect(settings.redis_url.get_secret_value())
        self._database = Database(settings.database_url)
        self._queues = Queues(redis, settings.job_timeout_seconds)
        self._doorbell = Doorbell(connect(settings.redis_url.get_secret_value(), patience=3 * _LOOK_SECONDS))
        self._schedule = Schedule(settings, self._database)
        self._stopping = False
        self._next_sweep = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        logger.info("the relay is up")
        while not self._stopping:
            if not self._round():
                self._doorbell.wait(_LOOK_SECONDS)
        self._database.dispose()

    def _round(self) -> bool:
        """One look at everything. True if there may be more to do at once."""
        try:
            self._schedule.tick()
            worked = expand(self._database)
            worked += push_due(self._database, self._queues)
            if time.monotonic() >= self._next_sweep:
                self._next_sweep = time.monotonic() + _SWEEP_SECONDS
                worked += sweep(self._database, self._queues)
        except (RedisError, Transient) as error:
            logger.warning("the relay could not finish a round; it looks again in a second", error=str(error))
            time.sleep(_LOOK_SECONDS)
            return True
        return worked > 0

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
