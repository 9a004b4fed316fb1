"""Drafts at rest: what the generator wrote for a run, so that a second attempt at the pull request spends nothing.

Knows the module's files and its report, not who wrote them. A run's draft never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from bot.models import Request, Run, StoredDraft
from core import clock
from gate.report import Report
from tfmodule.archive import Entry, pack, unpack
from tfmodule.files import FileMap


@dataclass(frozen=True, kw_only=True)
class DraftView:
    """A proved module with everything the pull request says about it."""

    name: str
    system: str
    title: str
    summary: str
    assumptions: tuple[str, ...]
    source: str
    files: FileMap = field(repr=False)
    report: Report = field(repr=False)
    usage: Mapping[str, Any] | None = None
    instructions_sha256: str | None = None
    trajectory: tuple[Mapping[str, Any], ...] = ()
    """Each candidate that was judged: number, by, failing, errors, accepted, why."""


def store(session: Session, run_id: str, draft: DraftView) -> DraftView:
    """Keep it. A run that has a draft keeps the one it has, and that one is given back."""
    known = load(session, run_id)
    if known is not None:
        return known
    row = StoredDraft(
        run_id=run_id,
        name=draft.name,
        system=draft.system,
        title=draft.title,
        summary=draft.summary,
        assumptions=list(draft.assumptions),
        source=draft.source,
        archive=pack([Entry(path, data) for path, data in draft.files.items()]),
        report=draft.report.to_dict(),
        usage=dict(draft.usage) if draft.usage is not None else None,
        instructions_sha256=draft.instructions_sha256,
        trajectory=[dict(one) for one in draft.trajectory],
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return draft


def load(session: Session, run_id: str) -> DraftView | None:
    """The run's draft, if it has one and it was not pruned."""
    row = session.get(StoredDraft, run_id)
    if row is None:
        return None
    return DraftView(
        name=row.name,
        system=row.system,
        title=row.title,
        summary=row.summary,
        assumptions=tuple(row.assumptions),
        source=row.source,
        files={entry.path: entry.data for entry in unpack(row.archive)},
        report=Report.from_dict(row.report),
        usage=row.usage,
        instructions_sha256=row.instructions_sha256,
        trajectory=tuple(row.trajectory or ()),
    )


def prune(session: Session, before: datetime) -> int:
    """Forget the drafts of requests that ended before this moment: what became of them is in their repositories.

    A request that may yet become a version keeps its own: its provenance names who wrote it. Returns how many.
    """
    ended = Request.state.in_(("published", "refused", "abandoned"))
    runs = select(Run.id).join(Request, Request.id == Run.request_id).where(ended, Request.updated_at < before)
    gone = session.execute(delete(StoredDraft).where(StoredDraft.run_id.in_(runs)))
    return gone.rowcount if isinstance(gone, CursorResult) else 0
