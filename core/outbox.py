"""The outbox: events wait here, in the database, until the relay has made their jobs. Enqueues nothing itself."""

from datetime import datetime

from sqlalchemy import delete, exists
from sqlalchemy.orm import Session

from core import clock, events
from core.models import Job, OutboxRow


def record(session: Session, event: events.Event) -> int:
    """Tell the system that something is true now. It becomes known when the caller's transaction commits, or never."""
    row = OutboxRow(
        event=type(event).__name__,
        subject=event.subject,
        payload=events.to_payload(event),
        recorded_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row.id


def prune(session: Session, before: datetime) -> None:
    """Delete events recorded before `before` whose jobs are all gone."""
    has_jobs = exists().where(Job.event_id == OutboxRow.id)
    session.execute(
        delete(OutboxRow).where(OutboxRow.relayed_at.is_not(None), OutboxRow.recorded_at < before, ~has_jobs)
    )
