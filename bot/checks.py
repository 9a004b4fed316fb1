"""What the gate said about a commit, and the check run that shows it: one row for a commit and a kind.

Kind `pull` judges a head of a pull request, `version:TAG` a commit that this tag wants to be a version of. Commits
nothing.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import LONGEST_TAG, Check
from core import clock
from core.ids import new_id
from gate.report import Report

PULL = "pull"


def of_version(tag: str) -> str:
    """The kind of a tag's check: several tags may stand on one commit, and each has a verdict of its own.

    One that no version may have goes by its digest: it would not fit.
    """
    return f"version:{tag}" if len(tag) <= LONGEST_TAG else f"version:#{hashlib.sha256(tag.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One judgement, by its id, under which GitHub shows it too. Its conclusion is none until it is written down.

    `check_run_id` is none until GitHub has it; the report is that of the latest judgement that ended.
    """

    id: str
    repository_id: int
    head_sha: str
    kind: str
    check_run_id: int | None
    conclusion: str | None
    report: Report | None
    updated_at: datetime


def begin(session: Session, repository_id: int, head_sha: str, kind: str) -> CheckView:
    """The judgement that is under way, or a new one: once concluded, the commit is judged anew, under another id.

    So a crash goes on with the check run it has, and a re-run never adds to the annotations of the one before.
    """
    wanted = select(Check).where(Check.repository_id == repository_id, Check.head_sha == head_sha, Check.kind == kind)
    row = session.scalar(wanted.with_for_update())
    if row is not None and row.conclusion is not None:
        row.id, row.check_run_id, row.conclusion, row.updated_at = new_id("chk"), None, None, clock.now()
    if row is None:
        row = Check(id=new_id("chk"), repository_id=repository_id, head_sha=head_sha, kind=kind, updated_at=clock.now())
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            row = session.scalars(wanted).one()
    return _view(row)


def attach(session: Session, check_id: str, check_run_id: int) -> CheckView:
    """GitHub shows it under this number."""
    row = session.get_one(Check, check_id)
    row.check_run_id, row.updated_at = check_run_id, clock.now()
    return _view(row)


def conclude(session: Session, check_id: str, conclusion: str, report: Report | None) -> CheckView:
    """It was judged. Do this last, when GitHub shows it: until then a repeat is the same judgement."""
    row = session.get_one(Check, check_id)
    row.conclusion, row.updated_at = conclusion, clock.now()
    row.report = report.to_dict() if report is not None else None
    return _view(row)


def find(session: Session, repository_id: int, head_sha: str, kind: str) -> CheckView | None:
    """The check of this commit, if there is one."""
    wanted = select(Check).where(Check.repository_id == repository_id, Check.head_sha == head_sha, Check.kind == kind)
    row = session.scalar(wanted)
    return _view(row) if row else None


def _view(row: Check) -> CheckView:
    return CheckView(
        id=row.id,
        repository_id=row.repository_id,
        head_sha=row.head_sha,
        kind=row.kind,
        check_run_id=row.check_run_id,
        conclusion=row.conclusion,
        report=Report.from_dict(row.report) if row.report is not None else None,
        updated_at=row.updated_at,
    )
