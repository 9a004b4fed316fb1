"""Reports kept for who asks about the same files again: a re-run, the merge after its pull request, the tag after it.

What could not be judged is never kept: the next one who asks may have more luck.
"""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from gate.report import Report
from registry.models import Judgement


def find(session: Session, key: str) -> Report | None:
    """The report kept under the key of `gate.reuse.report_key`."""
    row = session.get(Judgement, key)
    return Report.from_dict(row.report) if row is not None else None


def keep(session: Session, key: str, report: Report) -> None:
    """Keep it, unless it is undecided or somebody was faster: both then judged the same."""
    if report.verdict == "undecided":
        return
    try:
        with session.begin_nested():
            session.add(Judgement(key=key, report=report.to_dict(), judged_at=clock.now()))
    except IntegrityError:
        return


def prune(session: Session, before: datetime) -> None:
    """Forget what was judged before then; it is judged anew when somebody asks."""
    session.execute(delete(Judgement).where(Judgement.judged_at < before))
