"""The audit: one row for each change, written in the transaction of the change. It has no door for updates."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from accounts.models import AuditRow
from core import clock

SYSTEM = "system"
OPERATOR = "operator"


def record(session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write one row. `detail` holds plain JSON values and never a secret."""
    row = AuditRow(at=clock.now(), actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    session.add(row)
