"""The audit as tests read it: the rows themselves, since so far nothing of the product shows them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import AuditRow


def audited(session: Session, subject: str) -> list[AuditRow]:
    """What happened to one subject, oldest first."""
    return list(session.scalars(select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.id)))
