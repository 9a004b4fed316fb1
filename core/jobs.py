"""The job engine's truth: rows, leases and fencing epochs, retries and dead letters. Knows no queue and no function.

A job runs at least once; what it writes, it writes under its own epoch, so that a worker that was paused, orphaned or
declared dead writes nothing. The state table is `TRANSITIONS`; docs/ARCHITECTURE.md shows it with who moves what.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, exists, func, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from core import clock, outbox
from core.errors import FencedError, UserError
from core.events import JobDied
from core.models import Job

WAITING, QUEUED, RUNNING, DONE, DEAD = "waiting", "queued", "running", "done", "dead"

TRANSITIONS: dict[str, frozenset[str]] = {
    WAITING: frozenset({QUEUED, RUNNING}),
    QUEUED: frozenset({WAITING, RUNNING}),
    RUNNING: frozenset({WAITING, DONE, DEAD}),
    DONE: frozenset(),
    DEAD: frozenset({WAITING}),
}

# A job whose worker vanished this often is taken for the cause of it (F-21).
MAX_ATTEMPTS = 12
# A job that fails on the outside world is tried for about three hours, longer than most outages; a bug, a few times.
# What a person has to mend is not tried again until somebody says so.
MAX_FAILURES = {"transient": 100, "bug": 3, "user": 1}
_BACKOFF_SECONDS = (1, 2, 4, 8, 15, 30, 60, 120)


@dataclass(frozen=True)
class Claim:
    """The right to work on a job until the lease lapses. `epoch` fences every write."""

    job_id: int
    name: str
    subject: str
    args: dict[str, Any]
    attempt: int
    epoch: int


@dataclass(frozen=True)
class Push:
    """A job to be put on its queue. `push` numbers the tries, so that each has a queue id of its own."""

    job_id: int
    queue: str
    push: int


@dataclass(frozen=True)
class JobView:
    """A job as the operator sees it."""

    id: int
    name: str
    queue: str
    subject: str
    args: dict[str, Any]
    state: str
    attempts: int
    failures: int
    error: str | None
    created_at: datetime
    run_after: datetime
    started_at: datetime | None
    finished_at: datetime | None


def create(
    session: Session,
    *,
    key: str,
    name: str,
    queue: str,
    subject: str,
    args: dict[str, Any],
    event_id: int | None = None,
    delay: float = 0.0,
    coalesce: bool = False,
) -> bool:
    """Add a job unless `key` exists. With `coalesce`, not either while one like it has yet to start."""
    if session.scalar(select(Job.id).where(Job.key == key)) is not None:
        return False
    pending = select(Job.id).where(Job.name == name, Job.subject == subject, Job.state.in_((WAITING, QUEUED)))
    if coalesce and session.scalar(pending.limit(1)) is not None:
        return False
    now = clock.now()
    row = Job(
        key=key,
        name=name,
        queue=queue,
        subject=subject,
        args=args,
        event_id=event_id,
        state=WAITING,
        run_after=now + timedelta(seconds=delay),
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another relay was faster by a moment
        return False
    return True


def due(session: Session, limit: int = 100) -> list[Push]:
    """Jobs whose time has come, oldest first."""
    query = (
        select(Job.id, Job.queue, Job.pushes)
        .where(Job.state == WAITING, Job.run_after <= clock.now())
        .order_by(Job.run_after, Job.id)
        .limit(limit)
    )
    return [Push(row.id, row.queue, row.pushes + 1) for row in session.execute(query)]


def mark_pushed(session: Session, pushes: list[Push]) -> None:
    """These are on their queues now. One that a worker has already claimed stays claimed."""
    session.execute(
        update(Job)
        .where(Job.id.in_([push.job_id for push in pushes]))
        .values(
            pushes=Job.pushes + 1,
            pushed_at=clock.now(),
            state=case((Job.state == WAITING, QUEUED), else_=Job.state),
        )
        .execution_options(synchronize_session=False)
    )


def queued_before(session: Session, moment: datetime) -> list[Push]:
    """Jobs pushed before `moment` that nobody has claimed: their queue may have lost them."""
    query = select(Job.id, Job.queue, Job.pushes).where(Job.state == QUEUED, Job.pushed_at < moment)
    return [Push(row.id, row.queue, row.pushes) for row in session.execute(query)]


def unqueue(session: Session, job_id: int) -> None:
    """The queue lost it: it waits again and will be pushed again."""
    session.execute(update(Job).where(Job.id == job_id, Job.state == QUEUED).values(state=WAITING))


def claim(session: Session, job_id: int, lease_seconds: float) -> Claim | None:
    """Take a job, or None: it is done, somebody has it, or another job of its subject runs (then it waits a little)."""
    subject = session.scalar(select(Job.subject).where(Job.id == job_id))
    if subject is None:
        return None
    _serialise(session, subject)
    now = clock.now()
    other = aliased(Job)
    busy = exists().where(other.subject == subject, other.id != job_id, other.state == RUNNING, other.lease_until > now)
    if session.scalar(select(busy)):
        session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state.in_((WAITING, QUEUED)))
            .values(state=WAITING, run_after=now + timedelta(seconds=0.3))
        )
        return None
    taken = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_((WAITING, QUEUED)))
        .values(
            state=RUNNING,
            epoch=Job.epoch + 1,
            attempts=Job.attempts + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
            started_at=now,
        )
    )
    if _rows(taken) == 0:
        return None
    row = session.execute(select(Job).where(Job.id == job_id)).scalar_one()
    return Claim(row.id, row.name, row.subject, dict(row.args), row.attempts, row.epoch)


def hold(session: Session, mine: Claim, lease_seconds: float) -> None:
    """Prove that the claim still stands, and extend it. Every write of a job begins here; FencedError if it is lost."""
    kept = session.execute(
        update(Job)
        .where(Job.id == mine.job_id, Job.epoch == mine.epoch, Job.state == RUNNING)
        .values(lease_until=clock.now() + timedelta(seconds=lease_seconds))
    )
    if _rows(kept) == 0:
        raise FencedError(f"job {mine.job_id} ({mine.name}) epoch {mine.epoch} was taken over")


def finish(session: Session, mine: Claim) -> None:
    """The work is done."""
    _leave(session, mine, state=DONE, finished_at=clock.now(), error=None)


def put_back(session: Session, mine: Claim, error: str, delay: float | None, kind: str) -> bool:
    """Try again later, or park the job when `kind` of failure has used up its tries. True if it will be tried again."""
    failures = (session.scalar(select(Job.failures).where(Job.id == mine.job_id)) or 0) + 1
    if failures >= MAX_FAILURES[kind]:
        _leave(session, mine, state=DEAD, failures=failures, error=error, finished_at=clock.now())
        # A bug's own words are for the log and the operator: they may hold rows, paths or addresses.
        _tell_died(session, mine, kind, "" if kind == "bug" else error)
        return False
    wait = delay if delay is not None else _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS)) - 1]
    _leave(
        session, mine, state=WAITING, failures=failures, error=error, run_after=clock.now() + timedelta(seconds=wait)
    )
    return True


def reclaim_expired(session: Session) -> int:
    """Take jobs back from workers that fell silent. Returns how many."""
    now = clock.now()
    expired = session.scalars(
        select(Job).where(Job.state == RUNNING, Job.lease_until < now).with_for_update(skip_locked=True)
    ).all()
    for row in expired:
        row.epoch += 1  # fences the worker that may yet wake up
        vanished = row.attempts - row.failures
        if vanished >= MAX_ATTEMPTS:
            row.state, row.finished_at, row.error = DEAD, now, f"its worker vanished {vanished} times"
            _tell_died(session, Claim(row.id, row.name, row.subject, {}, row.attempts, row.epoch), "worker", row.error)
        else:
            row.state, row.run_after = WAITING, now
    session.flush()
    return len(expired)


def release(session: Session, job_id: int) -> None:
    """The worker process that had this job is known to be dead: let its lease lapse now rather than later."""
    session.execute(
        update(Job).where(Job.id == job_id, Job.state == RUNNING).values(lease_until=clock.now() - timedelta(seconds=1))
    )


def revive(session: Session, job_id: int) -> JobView:
    """An operator's retry: a dead job starts anew, and a waiting one no longer waits."""
    row = session.get(Job, job_id)
    if row is None:
        raise UserError(f"There is no job {job_id}: `terrasmith runs list` shows those that exist.")
    if row.state not in (DEAD, WAITING):
        raise UserError(f"Job {job_id} is {row.state}: only a dead or a waiting job can be retried.")
    row.state, row.run_after = WAITING, clock.now()
    row.attempts = row.failures = 0
    row.finished_at = None
    session.flush()
    return _view(row)


def views(session: Session, *, state: str | None = None, subject: str | None = None, limit: int = 50) -> list[JobView]:
    """Jobs, newest first."""
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Job.state == state)
    if subject is not None:
        query = query.where(Job.subject == subject)
    return [_view(row) for row in session.scalars(query)]


def view(session: Session, job_id: int) -> JobView | None:
    """One job."""
    row = session.get(Job, job_id)
    return _view(row) if row is not None else None


def counts(session: Session) -> dict[str, int]:
    """How many jobs stand in each state."""
    query = select(Job.state, func.count().label("total")).group_by(Job.state)
    return {str(row.state): int(row.total) for row in session.execute(query)}


def prune(session: Session, before: datetime) -> int:
    """Delete jobs that ended well before `before`. Returns how many."""
    return _rows(session.execute(delete(Job).where(Job.state == DONE, Job.finished_at < before)))


def prune_dead(session: Session, before: datetime) -> int:
    """Delete jobs that were given up before `before`: nobody has retried them since. Returns how many."""
    return _rows(session.execute(delete(Job).where(Job.state == DEAD, Job.finished_at < before)))


def _leave(session: Session, mine: Claim, **values: object) -> None:
    left = session.execute(
        update(Job)
        .where(Job.id == mine.job_id, Job.epoch == mine.epoch, Job.state == RUNNING)
        .values(lease_until=None, **values)
    )
    if _rows(left) == 0:
        raise FencedError(f"job {mine.job_id} ({mine.name}) epoch {mine.epoch} was taken over")


def _tell_died(session: Session, dead: Claim, kind: str, error: str) -> None:
    outbox.record(
        session, JobDied(job_id=dead.job_id, job=dead.name, about=dead.subject, kind=kind, error=error[:2000])
    )


def _serialise(session: Session, subject: str) -> None:
    # SQLite has one writer already; on Postgres two claims of one subject must not look past each other.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:subject))"), {"subject": subject})


def _rows(result: Any) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def _view(row: Job) -> JobView:
    return JobView(
        id=row.id,
        name=row.name,
        queue=row.queue,
        subject=row.subject,
        args=dict(row.args),
        state=row.state,
        attempts=row.attempts,
        failures=row.failures,
        error=row.error,
        created_at=row.created_at,
        run_after=row.run_after,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
