"""The rows of the ledger: every call of a model, on whose account, what it was set aside for and what it came to.

Decides nothing: the rules are `generator.spending`'s, and `workers.ledger` asks both in one unit of work. Nothing is
ever deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from accounts.models import Spending
from core import clock

SPENDING_TRANSITIONS: dict[str, frozenset[str]] = {
    "reserved": frozenset({"settled", "released", "lost"}),
    "settled": frozenset(),
    "released": frozenset(),
    "lost": frozenset(),
}
_PAYERS = {
    "job": Spending.job,
    "person": Spending.person,
    "repository": Spending.repository,
    "organisation": Spending.organisation,
}


@dataclass(frozen=True)
class Line:
    """One call."""

    id: int
    state: str
    answer: str | None


def alone(session: Session) -> None:
    """Nobody else reserves until this unit of work ends: what is left under a cap is given away once."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer already
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('spending'))"))


def latest(session: Session, job: str, prompt_sha256: str, number: int) -> Line | None:
    """The last line of this very call."""
    wanted = select(Spending).where(
        Spending.job == job, Spending.prompt_sha256 == prompt_sha256, Spending.number == number
    )
    row = session.scalar(wanted.order_by(Spending.id.desc()).limit(1))
    return Line(row.id, row.state, row.answer) if row is not None else None


def reserve(session: Session, **values: Any) -> int:
    """A new line; its number."""
    row = Spending(state="reserved", reserved_at=clock.now(), **values)
    session.add(row)
    session.flush()
    return row.id


def end(session: Session, line_id: int, state: str, **values: Any) -> bool:
    """Settle, release or lose what is reserved; whether it was. What has ended stays as it is."""
    assert state in SPENDING_TRANSITIONS["reserved"]
    done = session.execute(
        update(Spending)
        .where(Spending.id == line_id, Spending.state == "reserved")
        .values(state=state, ended_at=clock.now(), **values)
    )
    return isinstance(done, CursorResult) and done.rowcount == 1


def used(session: Session, payer: str | None, name: str, since: datetime | None) -> int:
    """Millionths of a dollar of a `payer` (job, person …; None: all); what is reserved or lost counts at its most."""
    counts = case(
        (Spending.state == "released", 0), else_=func.coalesce(Spending.cost_micros, Spending.reserved_micros)
    )
    wanted = select(func.coalesce(func.sum(counts), 0))
    if payer is not None:
        wanted = wanted.where(_PAYERS[payer] == name)
    if since is not None:
        wanted = wanted.where(Spending.reserved_at >= since)
    return int(session.scalar(wanted) or 0)


def recent(session: Session, limit: int = 12) -> tuple[tuple[datetime, str], ...]:
    """When the last calls ended and why, newest first."""
    wanted = select(Spending.ended_at, Spending.stop_reason).where(Spending.ended_at.is_not(None))
    rows = session.execute(wanted.order_by(Spending.ended_at.desc(), Spending.id.desc()).limit(limit))
    return tuple((row.ended_at, row.stop_reason or "") for row in rows)


def forget_answers(session: Session, before: datetime) -> int:
    """Drop the answers of calls that ended before: nobody asks again. What they cost stays. Returns how many."""
    done = session.execute(
        update(Spending).where(Spending.ended_at < before, Spending.answer.is_not(None)).values(answer=None)
    )
    return done.rowcount if isinstance(done, CursorResult) else 0


def tokens(session: Session, job: str) -> Mapping[str, int]:
    """The tokens of one job, by kind."""
    total: dict[str, int] = {}
    for usage in session.scalars(select(Spending.usage).where(Spending.job == job, Spending.usage.is_not(None))):
        for kind, count in (usage or {}).items():
            total[kind] = total.get(kind, 0) + count
    return total
