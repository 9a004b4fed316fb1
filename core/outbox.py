"""The outbox: events wait here, in the database, until the relay has made their jobs. Enqueues nothing itself."""

from sqlalchemy.orm import Session

from core import clock, events
from core.models import OutboxRow


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
