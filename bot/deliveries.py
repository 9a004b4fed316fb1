"""Deliveries that acted, or failed to: GUID and body are each let in once. Those that were ignored leave no row.

Never reads a header or a signature: what comes here was verified.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import Delivery
from core import clock


def claim(session: Session, guid: str, event: str, body: bytes, values: Mapping[str, Any]) -> Delivery | None:
    """The row of this delivery, for the caller to fill; None when it, or its body under another name, was here before.

    One that failed is given out again under the same GUID: a redelivery repairs it.
    """
    digest = hashlib.sha256(body).hexdigest()
    same = or_(Delivery.guid == guid, Delivery.body_sha256 == digest)
    known = session.scalars(select(Delivery).where(same).with_for_update()).first()
    if known is not None:
        again = known.state == "failed" and (known.guid, known.body_sha256) == (guid, digest)
        return known if again else None
    action, installation = values.get("action"), values.get("installation")
    row = Delivery(
        guid=guid,
        body_sha256=digest,
        event=event,
        action=action[:64] if isinstance(action, str) else None,
        installation_id=installation.get("id") if isinstance(installation, dict) else None,
        state="handled",
        received_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same delivery, at the same moment, in another process
        return None
    return row


def failed_body(session: Session, guid: str) -> tuple[str, bytes] | None:
    """Event and body of a delivery that failed."""
    row = session.scalar(select(Delivery).where(Delivery.guid == guid, Delivery.state == "failed"))
    return (row.event, row.body) if row is not None and row.body is not None else None


def prune(session: Session, before: datetime) -> int:
    """Forget what was received before this moment (it must lie before GitHub's redelivery window); how many were."""
    gone = session.execute(delete(Delivery).where(Delivery.received_at < before).returning(Delivery.id))
    return len(gone.all())
