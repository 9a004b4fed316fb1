"""Requests, their runs and their steps: what was asked and how far it is. The living comment is drawn from them.

Every function takes a session, commits nothing and returns frozen values. Asking twice for the same move is harmless.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import Release, Request, Run, Step
from bot.states import REQUEST_TRANSITIONS, RUN_TRANSITIONS, STEP_TRANSITIONS, ForbiddenTransitionError, check
from core import clock, events, outbox
from core.ids import new_id
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


@dataclass(frozen=True, kw_only=True)
class NewRequest:
    """A command as it was heard. `problem` is the reply to give when it could not be understood."""

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


# Hearing and answering


def receive(session: Session, new: NewRequest) -> RequestView:
    """Write down a command and tell the system. The same comment again gives the same request and tells nothing."""
    known = session.scalar(select(Request).where(Request.source == new.source))
    if known is not None:
        return _view(session, known)
    moment = clock.now()
    values = {field: getattr(new, field) for field in NewRequest.__dataclass_fields__} | {"options": dict(new.options)}
    row = Request(id=new_id("req"), state="received", created_at=moment, updated_at=moment, **values)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another delivery of the same comment was faster by a moment
        return _view(session, session.scalars(select(Request).where(Request.source == new.source)).one())
    outbox.record(session, events.CommandReceived(request_id=row.id))
    return _view(session, row)


def answer(session: Session, request_id: str) -> RequestView:
    """A reply was all it wanted, and it has it."""
    row = _row(session, request_id)
    _move(row, "answered")
    return _view(session, row)


def refuse(session: Session, request_id: str, reason: str) -> RequestView:
    """Say no, for good. A run that was at work ends failed, at the step it stood at."""
    row = _row(session, request_id)
    _move(row, "refused", reason)
    _end_run(session, row, "failed", reason)
    return _view(session, row)


# Runs


def accept(session: Session, request_id: str) -> RequestView:
    """Begin the first run, or, of a failed request, the next one. Twice: the run that is at work is given back."""
    row = _row(session, request_id)
    if row.state == "generating":
        return _view(session, row)
    _move(row, "generating")
    row.reason = None
    number = (latest.number if (latest := _run(session, row.id)) else 0) + 1
    run = Run(id=new_id("run"), request_id=row.id, number=number, state="running", started_at=clock.now())
    session.add(run)
    session.flush()
    session.add_all(
        Step(run_id=run.id, key=key, position=position, title=title, state="pending")
        for position, (key, title) in enumerate(STEPS.items())
    )
    outbox.record(session, events.GenerationAccepted(request_id=row.id, run_id=run.id))
    _changed(session, row)
    return _view(session, row)


def fail(session: Session, request_id: str, reason: str) -> RequestView:
    """The work broke; somebody may try again. After the merge only the running step fails; final stays final."""
    row = _row(session, request_id)
    if row.state == "merged":
        row.reason = reason
        _fail_running_steps(session, row, reason)
    elif "failed" in REQUEST_TRANSITIONS[row.state]:
        _move(row, "failed", reason)
        row.reason = reason
        _end_run(session, row, "failed", reason)
        _changed(session, row)
    return _view(session, row)


def proved(session: Session, request_id: str, run_id: str) -> RequestView:
    """The run's draft passed the gate and is stored (`bot.drafts`): tell the system, once."""
    row = _row(session, request_id)
    if row.state == "generating" and _step(session, run_id, "prove").state != "done":
        _finish(session, run_id, ("read", "write", "prove"))
        outbox.record(session, events.DraftProved(request_id=row.id, run_id=run_id))
        _changed(session, row)
    return _view(session, row)


# Steps


def start_step(session: Session, run_id: str, key: str, detail: str | None = None, url: str | None = None) -> None:
    """The step is being worked on."""
    _set_step(session, run_id, key, "running", detail, url)


def finish_step(session: Session, run_id: str, key: str, detail: str | None = None, url: str | None = None) -> None:
    """The step is done."""
    _set_step(session, run_id, key, "done", detail, url)


def fail_step(session: Session, run_id: str, key: str, detail: str, url: str | None = None) -> None:
    """The step failed; the request itself stays where it is."""
    _set_step(session, run_id, key, "failed", detail, url)


def skip_step(session: Session, run_id: str, key: str, detail: str | None = None) -> None:
    """The step was not needed."""
    _set_step(session, run_id, key, "skipped", detail, None)


# The road of the pull request


def set_target(
    session: Session, request_id: str, repository_id: int, repository: str, url: str | None = None
) -> RequestView:
    """The repository is ready: by its number from now on, with the name of today for people."""
    row = _row(session, request_id)
    row.target_repository_id, row.target_repository, row.updated_at = repository_id, repository, clock.now()
    if (run := _run(session, row.id)) is not None:
        _set_step(session, run.id, "repository", "done", repository, url)
    return _view(session, row)


def set_living_comment(session: Session, request_id: str, comment_id: int) -> RequestView:
    """Remember our one comment."""
    row = _row(session, request_id)
    row.living_comment_id = comment_id
    return _view(session, row)


def attach_pull(session: Session, request_id: str, number: int, url: str | None = None) -> RequestView:
    """The pull request is open (again)."""
    row = _row(session, request_id)
    if row.state not in {"proposed", "merged", "published"}:
        run = _its_run(session, row, "proposed")
        _move(row, "proposed")
        row.reason = None
        _reopen(run)
        _finish(session, run.id, ("read", "write", "prove", "repository"))
        _set_step(session, run.id, "pull", "done", f"#{number}", url)
        if _step(session, run.id, "merge").state in {"failed", "skipped"}:
            _set_step(session, run.id, "merge", "running", None, None)
        _changed(session, row)
    row.pull_number = number
    return _view(session, row)


def mark_merged(session: Session, request_id: str, number: int, url: str | None = None) -> RequestView:
    """The pull request was merged."""
    row = _row(session, request_id)
    if row.state not in {"merged", "published"}:
        run = _its_run(session, row, "merged")
        _move(row, "merged")
        row.reason = None
        _reopen(run)
        _finish(session, run.id, ("read", "write", "prove", "repository", "pull", "merge"), url=url)
        if _step(session, run.id, "check").state in {"pending", "running"}:
            _set_step(session, run.id, "check", "skipped", "merged before the check had ended", None)
        _changed(session, row)
    row.pull_number = number
    return _view(session, row)


def mark_released(session: Session, request_id: str, tag: str, url: str | None = None) -> RequestView:
    """Tag and release exist."""
    row = _row(session, request_id)
    if (run := _run(session, row.id)) is not None:
        _set_step(session, run.id, "release", "done", tag, url)
    return _view(session, row)


def mark_published(session: Session, request_id: str, version: str, url: str | None = None) -> RequestView:
    """The registry serves the version: the request is complete."""
    row = _row(session, request_id)
    if row.state != "published":
        run = _its_run(session, row, "published")
        _move(row, "published")
        row.reason = None
        _reopen(run)
        _finish(session, run.id, ("release",))
        _set_step(session, run.id, "publish", "done", version, url)
        run.state, run.finished_at = "succeeded", clock.now()
        _changed(session, row)
    return _view(session, row)


def mark_abandoned(session: Session, request_id: str) -> RequestView:
    """The pull request was closed without a merge. Reopening it brings the request back (`attach_pull`)."""
    row = _row(session, request_id)
    if "abandoned" in REQUEST_TRANSITIONS[row.state]:
        _move(row, "abandoned", "The pull request was closed without a merge.")
        if (run := _run(session, row.id)) is not None:
            _set_step(session, run.id, "merge", "skipped", "closed without a merge", None)
            _end_run(session, row, "failed", "closed without a merge")
        _changed(session, row)
    return _view(session, row)


# Finding


def get(session: Session, request_id: str) -> RequestView:
    """The request; one that does not exist is a bug (`sqlalchemy.exc.NoResultFound`)."""
    return _view(session, session.get_one(Request, request_id))


def find(session: Session, request_id: str) -> RequestView | None:
    """The request, if there is one."""
    row = session.get(Request, request_id)
    return _view(session, row) if row else None


def find_by_branch(session: Session, ref: str, repository_id: int) -> RequestView | None:
    """The request whose head branch this is. A branch of that name in another repository proves nothing."""
    request_id = request_id_of(ref)
    row = session.get(Request, request_id) if request_id else None
    return _view(session, row) if row is not None and row.target_repository_id == repository_id else None


def find_by_pull(session: Session, repository_id: int, number: int) -> RequestView | None:
    """The request that this pull request answers."""
    wanted = select(Request).where(Request.target_repository_id == repository_id, Request.pull_number == number)
    row = session.scalars(wanted.order_by(Request.created_at.desc()).limit(1)).first()
    return _view(session, row) if row else None


def find_by_merge(session: Session, repository_id: int, merge_sha: str) -> RequestView | None:
    """The request whose merge became the release at this commit."""
    wanted = select(Release.pull_number).where(Release.repository_id == repository_id, Release.commit_sha == merge_sha)
    number = session.scalars(wanted.where(Release.pull_number.is_not(None)).limit(1)).first()
    return find_by_pull(session, repository_id, number) if number is not None else None


def is_target(session: Session, repository_id: int) -> bool:
    """Whether a module of ours was asked for in this repository, whatever its name is."""
    return session.scalar(select(Request.id).where(Request.target_repository_id == repository_id).limit(1)) is not None


# Inside


def _row(session: Session, request_id: str) -> Request:
    return session.get_one(Request, request_id, with_for_update=True)


def _run(session: Session, request_id: str) -> Run | None:
    return session.scalars(select(Run).where(Run.request_id == request_id).order_by(Run.number.desc()).limit(1)).first()


def _step(session: Session, run_id: str, key: str) -> Step:
    return session.scalars(select(Step).where(Step.run_id == run_id, Step.key == key)).one()


def _move(row: Request, state: str, reason: str | None = None) -> None:
    if row.state == state:
        return
    check(REQUEST_TRANSITIONS, f"request {row.id}", row.state, state)
    row.state, row.updated_at = state, clock.now()
    if reason is not None:
        row.reason = reason


def _changed(session: Session, row: Request) -> None:
    """Tell that the living comment is out of date: once in a transaction, however much moved."""
    session.flush()
    told: dict[str, int] = session.info.setdefault("steps_changed", {})
    if row.id not in told or session.get(OutboxRow, told[row.id]) is None:
        told[row.id] = outbox.record(session, events.StepsChanged(request_id=row.id))


def _its_run(session: Session, row: Request, state: str) -> Run:
    run = _run(session, row.id)
    if run is None:  # it was never accepted, so nothing of it can have a pull request
        raise ForbiddenTransitionError(f"request {row.id} without a run", row.state, state)
    return run


def _reopen(run: Run) -> None:
    if run.state == "failed":
        check(RUN_TRANSITIONS, f"run {run.id}", run.state, "running")
        run.state, run.finished_at = "running", None


def _end_run(session: Session, row: Request, state: str, detail: str) -> None:
    run = _run(session, row.id)
    if run is None or run.state != "running":
        return
    check(RUN_TRANSITIONS, f"run {run.id}", run.state, state)
    run.state, run.finished_at = state, clock.now()
    _fail_running_steps(session, row, detail)


def _fail_running_steps(session: Session, row: Request, detail: str) -> None:
    run = _run(session, row.id)
    if run is not None:
        for step in session.scalars(select(Step).where(Step.run_id == run.id, Step.state == "running")):
            step.state, step.detail, step.finished_at = "failed", detail, clock.now()
    _changed(session, row)


def _finish(session: Session, run_id: str, keys: tuple[str, ...], url: str | None = None) -> None:
    for key in keys:
        if _step(session, run_id, key).state not in {"done", "skipped"}:
            _set_step(session, run_id, key, "done", None, url if key == keys[-1] else None)


def _set_step(session: Session, run_id: str, key: str, state: str, detail: str | None, url: str | None) -> None:
    step = _step(session, run_id, key)
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
    _changed(session, session.get_one(Request, session.get_one(Run, run_id).request_id))


def _view(session: Session, row: Request) -> RequestView:
    session.flush()
    run = _run(session, row.id)
    values = {key: getattr(row, key) for key in RequestView.__dataclass_fields__ if key != "run"}
    return RequestView(**values | {"options": dict(row.options)}, run=_run_view(session, run) if run else None)


def _run_view(session: Session, run: Run) -> RunView:
    rows = session.scalars(select(Step).where(Step.run_id == run.id).order_by(Step.position)).all()
    steps = tuple(StepView(*(getattr(row, key) for key in StepView.__dataclass_fields__)) for row in rows)
    return RunView(run.id, run.number, run.state, run.started_at, run.finished_at, steps)
