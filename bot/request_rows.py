"""Rows of requests, runs and steps: their values, and the small moves that `bot.requests` is made of.

Only `bot.requests` writes through these; every move is checked against its table. Commits nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import Request, Run, Step
from bot.states import REQUEST_TRANSITIONS, RUN_TRANSITIONS, STEP_TRANSITIONS, ForbiddenTransitionError, check
from core import clock, events, outbox
from core.models import OutboxRow

STEPS: Mapping[str, str] = {
    "read": "Reading the request",
    "write": "Writing the module",
    "prove": "Proving it",
    "repository": "Preparing the repository",
    "pull": "Opening the pull request",
    "check": "Checking the pull request",
    "merge": "Waiting for review and merge",
    "release": "Tag and release",
    "publish": "Publishing to the registry",
}
"""Key → title of the parts of a run, in order."""

_BRANCH = re.compile(r"terrasmith/request-(req_[0-9a-z]{19})")


@dataclass(frozen=True)
class StepView:
    """One line of the living comment."""

    key: str
    title: str
    state: str
    detail: str | None
    url: str | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class RunView:
    """One attempt, with its steps in order."""

    id: str
    number: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    steps: tuple[StepView, ...]

    def step(self, key: str) -> StepView:
        return next(step for step in self.steps if step.key == key)


@dataclass(frozen=True, kw_only=True)
class RequestView:
    """A request with its latest run (none before it was accepted)."""

    id: str
    source: str
    installation_id: int
    repository_id: int
    repository: str
    issue_number: int
    comment_id: int | None
    on_pull_request: bool
    author_login: str
    author_id: int
    command: str
    prompt: str
    options: Mapping[str, Any]
    problem: str | None
    said_at: datetime | None = None
    issue: Mapping[str, Any] | None = None
    state: str
    reason: str | None
    living_comment_id: int | None
    target_repository_id: int | None
    target_repository: str | None
    pull_number: int | None
    created_at: datetime
    updated_at: datetime
    run: RunView | None

    @property
    def branch(self) -> str:
        return branch(self.id)

    @property
    def final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return not REQUEST_TRANSITIONS[self.state]


def branch(request_id: str) -> str:
    """The head branch of a request's pull request."""
    return f"terrasmith/request-{request_id}"


def request_id_of(ref: str) -> str | None:
    """The request that a branch name belongs to, if it is one of ours."""
    match = _BRANCH.fullmatch(ref.removeprefix("refs/heads/"))
    return match.group(1) if match else None


def locked(session: Session, request_id: str) -> Request:
    return session.get_one(Request, request_id, with_for_update=True)


def latest_run(session: Session, request_id: str) -> Run | None:
    return session.scalars(select(Run).where(Run.request_id == request_id).order_by(Run.number.desc()).limit(1)).first()


def step_of(session: Session, run_id: str, key: str) -> Step:
    return session.scalars(select(Step).where(Step.run_id == run_id, Step.key == key)).one()


def move(row: Request, state: str, reason: str | None = None) -> None:
    if row.state == state:
        return
    check(REQUEST_TRANSITIONS, f"request {row.id}", row.state, state)
    row.state, row.updated_at = state, clock.now()
    if reason is not None:
        row.reason = reason


def changed(session: Session, row: Request) -> None:
    """Tell that the living comment is out of date: once in a transaction, however much moved."""
    session.flush()
    told: dict[str, int] = session.info.setdefault("steps_changed", {})
    if row.id not in told or session.get(OutboxRow, told[row.id]) is None:
        told[row.id] = outbox.record(session, events.StepsChanged(request_id=row.id))


def its_run(session: Session, row: Request, state: str) -> Run:
    run = latest_run(session, row.id)
    if run is None:  # it was never accepted, so nothing of it can have a pull request
        raise ForbiddenTransitionError(f"request {row.id} without a run", row.state, state)
    return run


def reopen(run: Run) -> None:
    if run.state == "failed":
        check(RUN_TRANSITIONS, f"run {run.id}", run.state, "running")
        run.state, run.finished_at = "running", None


def end_run(session: Session, row: Request, state: str, detail: str) -> None:
    run = latest_run(session, row.id)
    if run is None or run.state != "running":
        return
    check(RUN_TRANSITIONS, f"run {run.id}", run.state, state)
    run.state, run.finished_at = state, clock.now()
    fail_running_steps(session, row, detail)


def fail_running_steps(session: Session, row: Request, detail: str) -> None:
    run = latest_run(session, row.id)
    if run is not None:
        for step in session.scalars(select(Step).where(Step.run_id == run.id, Step.state == "running")):
            step.state, step.detail, step.finished_at = "failed", detail, clock.now()
    changed(session, row)


def finish(session: Session, run_id: str, keys: tuple[str, ...], url: str | None = None) -> None:
    for key in keys:
        if step_of(session, run_id, key).state not in {"done", "skipped"}:
            set_step(session, run_id, key, "done", None, url if key == keys[-1] else None)


def set_step(session: Session, run_id: str, key: str, state: str, detail: str | None, url: str | None) -> None:
    step = step_of(session, run_id, key)
    unchanged = step.state == state and detail in (None, step.detail) and url in (None, step.url)
    if unchanged:
        return
    if step.state != state:
        check(STEP_TRANSITIONS, f"step {key} of {run_id}", step.state, state)
        moment = clock.now()
        step.state, step.detail = state, detail
        if state == "running":
            step.started_at, step.finished_at = moment, None
        else:
            step.started_at, step.finished_at = step.started_at or moment, moment
    step.detail = detail if detail is not None else step.detail
    step.url = url if url is not None else step.url
    changed(session, session.get_one(Request, session.get_one(Run, run_id).request_id))


def view(session: Session, row: Request) -> RequestView:
    session.flush()
    run = latest_run(session, row.id)
    values = {key: getattr(row, key) for key in RequestView.__dataclass_fields__ if key != "run"}
    return RequestView(**values | {"options": dict(row.options)}, run=_run_view(session, run) if run else None)


def _run_view(session: Session, run: Run) -> RunView:
    rows = session.scalars(select(Step).where(Step.run_id == run.id).order_by(Step.position)).all()
    steps = tuple(StepView(*(getattr(row, key) for key in StepView.__dataclass_fields__)) for row in rows)
    return RunView(run.id, run.number, run.state, run.started_at, run.finished_at, steps)
