"""Requests, their runs and their steps: what was asked and how far it is. The living comment is drawn from them.

Every function takes a session, commits nothing and returns frozen values. Asking twice for the same move is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import Release, Request, Run, Step
from bot.request_rows import (
    STEPS,
    RequestView,
    RunView,
    StepView,
    branch,
    changed,
    end_run,
    fail_running_steps,
    finish,
    its_run,
    latest_run,
    locked,
    move,
    reopen,
    request_id_of,
    set_step,
    step_of,
    view,
)
from bot.states import REQUEST_TRANSITIONS
from core import clock, events, outbox
from core.ids import new_id

# What callers read here, wherever it is defined.
__all__ = ["STEPS", "NewRequest", "RequestView", "RunView", "StepView", "branch", "request_id_of"]


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
    said_at: datetime | None = None
    issue: Mapping[str, Any] | None = None


# Hearing and answering


def receive(session: Session, new: NewRequest) -> RequestView:
    """Write down a command and tell the system. The same comment again gives the same request and tells nothing."""
    known = session.scalar(select(Request).where(Request.source == new.source))
    if known is not None:
        return view(session, known)
    moment = clock.now()
    values = {field: getattr(new, field) for field in NewRequest.__dataclass_fields__} | {"options": dict(new.options)}
    row = Request(id=new_id("req"), state="received", created_at=moment, updated_at=moment, **values)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another delivery of the same comment was faster by a moment
        return view(session, session.scalars(select(Request).where(Request.source == new.source)).one())
    outbox.record(session, events.CommandReceived(request_id=row.id))
    return view(session, row)


def answer(session: Session, request_id: str) -> RequestView:
    """A reply was all it wanted, and it has it."""
    row = locked(session, request_id)
    move(row, "answered")
    return view(session, row)


def refuse(session: Session, request_id: str, reason: str) -> RequestView:
    """Say no, for good. A run that was at work ends failed, at the step it stood at."""
    row = locked(session, request_id)
    move(row, "refused", reason)
    end_run(session, row, "failed", reason)
    return view(session, row)


# Runs


def accept(session: Session, request_id: str) -> RequestView:
    """Begin the first run, or, of a failed request, the next one. Twice: the run that is at work is given back."""
    row = locked(session, request_id)
    if row.state == "generating":
        return view(session, row)
    move(row, "generating")
    row.reason = None
    number = (latest.number if (latest := latest_run(session, row.id)) else 0) + 1
    run = Run(id=new_id("run"), request_id=row.id, number=number, state="running", started_at=clock.now())
    session.add(run)
    session.flush()
    session.add_all(
        Step(run_id=run.id, key=key, position=position, title=title, state="pending")
        for position, (key, title) in enumerate(STEPS.items())
    )
    outbox.record(session, events.GenerationAccepted(request_id=row.id, run_id=run.id))
    changed(session, row)
    return view(session, row)


def resume(session: Session, request_id: str, run_id: str) -> RequestView:
    """A job of this run is at work: if the run had been given up, an operator wants it tried again."""
    row = locked(session, request_id)
    run = latest_run(session, row.id)
    if row.state == "failed" and run is not None and run.id == run_id:
        move(row, "generating")
        row.reason = None
        reopen(run)
        changed(session, row)
    return view(session, row)


def fail(session: Session, request_id: str, reason: str) -> RequestView:
    """The work broke; somebody may try again. After the merge only the running step fails; final stays final."""
    row = locked(session, request_id)
    if row.state == "merged":
        row.reason = reason
        fail_running_steps(session, row, reason)
    elif "failed" in REQUEST_TRANSITIONS[row.state]:
        move(row, "failed", reason)
        row.reason = reason
        end_run(session, row, "failed", reason)
        changed(session, row)
    return view(session, row)


def proved(session: Session, request_id: str, run_id: str) -> RequestView:
    """The run's draft passed the gate and is stored (`bot.drafts`): tell the system, once."""
    row = locked(session, request_id)
    if row.state == "generating" and step_of(session, run_id, "prove").state != "done":
        finish(session, run_id, ("read", "write", "prove"))
        outbox.record(session, events.DraftProved(request_id=row.id, run_id=run_id))
        changed(session, row)
    return view(session, row)


# Steps


def start_step(session: Session, run_id: str, key: str, detail: str | None = None, url: str | None = None) -> None:
    """The step is being worked on."""
    set_step(session, run_id, key, "running", detail, url)


def finish_step(session: Session, run_id: str, key: str, detail: str | None = None, url: str | None = None) -> None:
    """The step is done."""
    set_step(session, run_id, key, "done", detail, url)


def fail_step(session: Session, run_id: str, key: str, detail: str, url: str | None = None) -> None:
    """The step failed; the request itself stays where it is."""
    set_step(session, run_id, key, "failed", detail, url)


# The road of the pull request


def set_target(
    session: Session, request_id: str, repository_id: int, repository: str, url: str | None = None
) -> RequestView:
    """The repository is ready: by its number from now on, with the name of today for people."""
    row = locked(session, request_id)
    row.target_repository_id, row.target_repository, row.updated_at = repository_id, repository, clock.now()
    if (run := latest_run(session, row.id)) is not None:
        set_step(session, run.id, "repository", "done", repository, url)
    return view(session, row)


def set_living_comment(session: Session, request_id: str, comment_id: int) -> RequestView:
    """Remember our one comment."""
    row = locked(session, request_id)
    row.living_comment_id = comment_id
    return view(session, row)


def attach_pull(session: Session, request_id: str, number: int, url: str | None = None) -> RequestView:
    """The pull request is open (again)."""
    row = locked(session, request_id)
    if row.state not in {"proposed", "merged", "published"}:
        run = its_run(session, row, "proposed")
        move(row, "proposed")
        row.reason = None
        reopen(run)
        finish(session, run.id, ("read", "write", "prove", "repository"))
        set_step(session, run.id, "pull", "done", f"#{number}", url)
        if step_of(session, run.id, "merge").state in {"failed", "skipped"}:
            set_step(session, run.id, "merge", "running", None, None)
        changed(session, row)
    elif row.pull_number not in (None, number):
        return view(session, row)  # it has its pull request already; this one is somebody's own
    row.pull_number = number
    return view(session, row)


def mark_merged(session: Session, request_id: str, number: int, url: str | None = None) -> RequestView:
    """The pull request was merged."""
    row = locked(session, request_id)
    if row.state not in {"merged", "published"}:
        run = its_run(session, row, "merged")
        move(row, "merged")
        row.reason = None
        reopen(run)
        finish(session, run.id, ("read", "write", "prove", "repository", "pull", "merge"), url=url)
        if step_of(session, run.id, "check").state in {"pending", "running"}:
            set_step(session, run.id, "check", "skipped", "merged before the check had ended", None)
        changed(session, row)
    row.pull_number = number
    return view(session, row)


def mark_released(session: Session, request_id: str, tag: str, url: str | None = None) -> RequestView:
    """Tag and release exist."""
    row = locked(session, request_id)
    if (run := latest_run(session, row.id)) is not None:
        set_step(session, run.id, "release", "done", tag, url)
    return view(session, row)


def mark_published(session: Session, request_id: str, version: str, url: str | None = None) -> RequestView:
    """The registry serves the version: the request is complete."""
    row = locked(session, request_id)
    if row.state != "published":
        run = its_run(session, row, "published")
        move(row, "published")
        row.reason = None
        reopen(run)
        finish(session, run.id, ("release",))
        set_step(session, run.id, "publish", "done", version, url)
        run.state, run.finished_at = "succeeded", clock.now()
        changed(session, row)
    return view(session, row)


def mark_abandoned(session: Session, request_id: str) -> RequestView:
    """The pull request was closed without a merge. Reopening it brings the request back (`attach_pull`)."""
    row = locked(session, request_id)
    if "abandoned" in REQUEST_TRANSITIONS[row.state]:
        move(row, "abandoned", "The pull request was closed without a merge.")
        if (run := latest_run(session, row.id)) is not None:
            set_step(session, run.id, "merge", "skipped", "closed without a merge", None)
            end_run(session, row, "failed", "closed without a merge")
        changed(session, row)
    return view(session, row)


# Finding


def get(session: Session, request_id: str) -> RequestView:
    """The request; one that does not exist is a bug (`sqlalchemy.exc.NoResultFound`)."""
    return view(session, session.get_one(Request, request_id))


def find(session: Session, request_id: str) -> RequestView | None:
    """The request, if there is one."""
    row = session.get(Request, request_id)
    return view(session, row) if row else None


def published_since(session: Session, owner: str, moment: datetime) -> int:
    """How many requests in the repositories of an account became versions since then."""
    wanted = select(func.count()).select_from(Request)
    ours = func.lower(Request.repository).startswith(f"{owner.lower()}/", autoescape=True)
    return session.scalar(wanted.where(ours, Request.state == "published", Request.updated_at >= moment)) or 0


def find_by_branch(session: Session, ref: str, repository_id: int) -> RequestView | None:
    """The request whose head branch this is. A branch of that name in another repository proves nothing."""
    request_id = request_id_of(ref)
    row = session.get(Request, request_id) if request_id else None
    return view(session, row) if row is not None and row.target_repository_id == repository_id else None


def find_by_pull(session: Session, repository_id: int, number: int) -> RequestView | None:
    """The request that this pull request answers."""
    wanted = select(Request).where(Request.target_repository_id == repository_id, Request.pull_number == number)
    row = session.scalars(wanted.order_by(Request.created_at.desc()).limit(1)).first()
    return view(session, row) if row else None


def find_by_merge(session: Session, repository_id: int, merge_sha: str) -> RequestView | None:
    """The request whose merge became the release at this commit."""
    wanted = select(Release.pull_number).where(Release.repository_id == repository_id, Release.commit_sha == merge_sha)
    number = session.scalars(wanted.where(Release.pull_number.is_not(None)).limit(1)).first()
    return find_by_pull(session, repository_id, number) if number is not None else None


def is_target(session: Session, repository_id: int) -> bool:
    """Whether a module of ours was asked for in this repository, whatever its name is."""
    return session.scalar(select(Request.id).where(Request.target_repository_id == repository_id).limit(1)) is not None
