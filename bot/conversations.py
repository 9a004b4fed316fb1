"""What a request's work asked people, what they answered, and the brief that came of it.

Every function takes a session, commits nothing and returns frozen values. The first answer counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import Question, Request, Run, StoredBrief
from bot.request_rows import RequestView, changed, end_run, latest_run, locked, move, set_step
from core import clock, events, outbox

PATIENCE = timedelta(days=14)
_A_MOMENT = timedelta(hours=1)


@dataclass(frozen=True)
class QuestionView:
    """A question; `answer` is None while it is open, and where it expired."""

    id: int
    request_id: str
    number: int
    text: str
    asked_at: datetime
    expires_at: datetime
    answer: str | None
    answered_by: str | None
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True)
class BriefView:
    """A stored brief: its plain values, its Markdown, and how many answers it knows of."""

    values: Mapping[str, Any]
    shown: str
    answers: int


@dataclass(frozen=True)
class Conversation:
    """Everything that was said around a request."""

    questions: tuple[QuestionView, ...] = ()
    brief: BriefView | None = None

    @property
    def answered(self) -> tuple[QuestionView, ...]:
        return tuple(one for one in self.questions if one.answer is not None)

    @property
    def open(self) -> QuestionView | None:
        return next((one for one in self.questions if one.is_open), None)


SILENCE = Conversation()


def of(session: Session, request: RequestView) -> Conversation:
    """The questions of a request in order, and its newest brief: a run that failed leaves it to the next."""
    wanted = select(StoredBrief).join(Run, Run.id == StoredBrief.run_id).where(Run.request_id == request.id)
    row = session.scalars(wanted.order_by(Run.number.desc()).limit(1)).first()
    brief = BriefView(dict(row.brief), row.shown, row.answers) if row is not None else None
    return Conversation(_questions(session, request.id), brief)


def keep_brief(session: Session, run_id: str, brief: BriefView) -> None:
    """The run's brief, in place of an earlier one that knew less."""
    row = session.get(StoredBrief, run_id)
    if row is None:
        row = StoredBrief(run_id=run_id)
        session.add(row)
    row.brief, row.shown, row.answers, row.created_at = dict(brief.values), brief.shown, brief.answers, clock.now()
    session.flush()


def ask(session: Session, request_id: str, text: str) -> QuestionView:
    """Stop the run until somebody answers. While a question is open, that one is given back."""
    row = locked(session, request_id)
    known = _questions(session, request_id)
    if known and known[-1].is_open:
        return known[-1]
    move(row, "waiting")
    moment = clock.now()
    asked = Question(request_id=row.id, number=len(known) + 1, text=text, asked_at=moment, expires_at=moment + PATIENCE)
    session.add(asked)
    session.flush()
    if (run := latest_run(session, row.id)) is not None:
        set_step(session, run.id, "read", "running", "waiting for an answer", None)
    outbox.record(session, events.QuestionAsked(request_id=row.id, number=asked.number))
    changed(session, row)
    return _view(asked)


def answer(session: Session, question_id: int, text: str, login: str) -> QuestionView:
    """Take the answer, and have the run go on. Of a question that is closed nothing changes: look who closed it."""
    known = session.get_one(Question, question_id)
    row = locked(session, known.request_id)  # two answers come one after the other
    session.refresh(known)
    if known.closed_at is None and row.state == "waiting":
        known.answer, known.answered_by, known.closed_at = text, login, clock.now()
        move(row, "generating")
        run = latest_run(session, row.id)
        assert run is not None  # what waits has a run
        set_step(session, run.id, "read", "running", "the answer is there", None)
        outbox.record(session, events.QuestionAnswered(request_id=row.id, run_id=run.id))
        changed(session, row)
    return _view(known)


def expire(session: Session, now: datetime) -> int:
    """Close what nobody answered in time. Returns how many requests ended so."""
    due = select(Question.id, Question.request_id).where(Question.closed_at.is_(None), Question.expires_at <= now)
    ended = 0
    for question_id, request_id in session.execute(due.order_by(Question.id)).all():
        row = locked(session, request_id)
        question = session.get_one(Question, question_id, populate_existing=True)
        if question.closed_at is not None or row.state != "waiting":
            continue
        question.closed_at = now
        move(row, "expired", "Nobody answered my question in time.")
        end_run(session, row, "failed", "nobody answered")
        outbox.record(session, events.QuestionExpired(request_id=row.id, number=question.number))
        changed(session, row)
        ended += 1
    return ended


def quotable_on(session: Session, repository_id: int, issue_number: int) -> tuple[QuestionView, ...]:
    """The questions on this issue that somebody who quotes them means to answer: open ones, or closed a moment ago."""
    asked = asked_on(session, repository_id, issue_number)
    return tuple(one for one in asked if one.closed_at is None or one.closed_at > clock.now() - _A_MOMENT)


def asked_on(session: Session, repository_id: int, issue_number: int) -> tuple[QuestionView, ...]:
    """Every question that was ever asked on this issue."""
    wanted = select(Question).join(Request, Request.id == Question.request_id)
    wanted = wanted.where(Request.repository_id == repository_id, Request.issue_number == issue_number)
    return tuple(_view(row) for row in session.scalars(wanted.order_by(Question.id)))


def question(session: Session, request_id: str, number: int) -> QuestionView | None:
    """One question of a request."""
    return next((one for one in _questions(session, request_id) if one.number == number), None)


def _questions(session: Session, request_id: str) -> tuple[QuestionView, ...]:
    rows = session.scalars(select(Question).where(Question.request_id == request_id).order_by(Question.number))
    return tuple(_view(row) for row in rows)


def _view(row: Question) -> QuestionView:
    return QuestionView(**{name: getattr(row, name) for name in QuestionView.__dataclass_fields__})
