"""The audit: one row for each change, written in the transaction of the change. It has no door for updates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import AuditRow
from core import clock

SYSTEM = "system"
OPERATOR = "operator"


@dataclass(frozen=True)
class Entry:
    """Who did what to what, and when."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def record(session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write one row. `detail` holds plain JSON values and never a secret."""
    row = AuditRow(at=clock.now(), actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    session.add(row)


def of_subject(session: Session, subject: str) -> tuple[Entry, ...]:
    """What happened to one subject, oldest first."""
    rows = session.scalars(select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.id))
    return tuple(Entry(row.at, row.actor, row.action, row.subject, row.detail) for row in rows)
