"""From a comment to eyes on it, and from a comment to an open pull request split by step, without a key.

Everything runs on this machine, the simulated GitHub included: a real GitHub adds its own milliseconds to each call.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bench.figures import Table, in_seconds, median, milliseconds, share, spread
from bench.processes import folder, whole_system
from bench.scale import Scale
from bench.visitors import database_of, open_issue, say, until
from bot.models import Request, Run, Step
from core import clock
from core.db import Database
from core.errors import UserError
from core.models import Job
from terrasmith.up import Addresses
from terrasmith.visitor import GitHubVisitor

PROMPT = "a label module for consistent names and tags"
_APP = "terrasmith"

Parts = Mapping[str, float]


@dataclass(frozen=True)
class _World:
    found: Addresses
    database: Database
    visitor: GitHubVisitor
    issue: int


def measure(scale: Scale) -> Iterator[Table]:
    """One system, one visitor, one thing at a time."""
    with _world() as world:
        _to_eyes(world)  # the first job pays for what later ones find warm
        eyes = [_to_eyes(world) for _ in range(scale.eyes)]
        yield _table(
            "From comment to eyes",
            eyes,
            milliseconds,
            ("`/help`, one at a time, on a running `terrasmith up --simulate`; seen by asking every 20 ms.",),
        )
        pulls = [_to_pull(world, number) for number in range(scale.pulls)]
        yield _table(
            "From comment to open pull request, keyless",
            [parts for parts, _ in pulls],
            in_seconds,
            (f"`/generate {PROMPT}`, the template of Terraform's built-in provider, a new repository each time.",),
        )
        yield _table(
            "From the open pull request to its green check",
            [parts for _, parts in pulls],
            in_seconds,
            ("The gate judges the commit again, as it would judge a stranger's.",),
        )


@contextmanager
def _world() -> Iterator[_World]:
    with folder() as directory, whole_system(directory / "data") as found, database_of(found) as database:
        visitor = GitHubVisitor(found.github_url, found.writer.token)
        yield _World(found, database, visitor, open_issue(visitor, found))


def _to_eyes(world: _World) -> Parts:
    sent = clock.now()
    comment = say(world.visitor, world.found, world.issue, "/help")
    path = f"/repos/{world.found.repository}/issues/comments/{comment['id']}/reactions"
    until(lambda: True if world.visitor.get(path) else None, "eyes")
    seen = clock.now()
    request = until(lambda: _request(world, comment["id"], ("answered",)), "the reply")
    (job,) = _jobs(world, f"request:{request.id}", "acknowledge")
    return _between(
        [
            ("comment sent → webhook committed", sent, request.created_at),
            ("→ job made by the relay", request.created_at, job.created_at),
            ("→ job begun by a worker", job.created_at, job.started_at),
            ("→ eyes seen", job.started_at, seen),
            ("whole", sent, seen),
        ]
    )


def _to_pull(world: _World, number: int) -> tuple[Parts, Parts]:
    repository = f"{world.found.organisation}/terraform-terraform-bench{number}"
    sent = clock.now()
    comment = say(world.visitor, world.found, world.issue, f"/generate {PROMPT} --repo {repository.split('/')[1]}")
    pull = until(lambda: _first(world.visitor.find(f"/repos/{repository}/pulls")), "the pull request")
    opened = clock.now()
    path = f"/repos/{repository}/pulls/{pull['number']}"
    until(lambda: None if world.visitor.get(path)["draft"] else True, "a pull request that is ready for review")
    ready = clock.now()
    request = until(lambda: _request(world, comment["id"], ("proposed",)), "the request to be proposed")
    steps = until(lambda: _steps_when_checked(world, request.id), "the steps")
    subject = f"request:{request.id}"
    (heard,), (made,), (proposed,) = (
        _jobs(world, subject, name) for name in ("acknowledge", "generate_module", "open_pull_request")
    )
    checks = _jobs(world, f"pull:{request.target_repository_id}:{pull['number']}", "check_pull_request")
    check = checks[0]
    to_pull = [
        ("comment sent → webhook committed", sent, request.created_at),
        ("→ relay, queue, fork", request.created_at, heard.started_at),
        ("acknowledge: eyes, may they?", heard.started_at, heard.finished_at),
        ("→ relay, queue, fork", heard.finished_at, made.started_at),
        ("read and write the module", made.started_at, steps["prove"].started_at),
        ("prove it: the gate, house profile", steps["prove"].started_at, made.finished_at),
        ("→ relay, queue, fork", made.finished_at, proposed.started_at),
        ("repository, commit, pull request", proposed.started_at, opened),
        ("whole", sent, opened),
    ]
    to_green = [
        ("pull request seen → check job begun", opened, check.started_at),
        ("check run, tree fetched", check.started_at, steps["check"].started_at),
        ("the gate, and the check run concluded", steps["check"].started_at, steps["check"].finished_at),
        ("→ ready for review, as seen", steps["check"].finished_at, ready),
        ("whole", opened, ready),
    ]
    return _between(to_pull), _between(to_green)


def _between(moments: Sequence[tuple[str, datetime | None, datetime | None]]) -> Parts:
    """Seconds of each part; parts of the same name are one."""
    parts: dict[str, float] = {}
    for name, begun, ended in moments:
        if begun is None or ended is None:
            raise UserError(f"nobody wrote down when “{name}” was")
        parts[name] = parts.get(name, 0.0) + (ended - begun).total_seconds()
    return parts


def _table(title: str, measured: Sequence[Parts], shown: Any, notes: tuple[str, ...]) -> Table:
    wholes = median([parts["whole"] for parts in measured])
    rows = []
    for name in measured[0]:
        values = [parts[name] for parts in measured]
        rows.append((name, shown(median(values)), spread(values), share(median(values), wholes)))
    return Table(title, ("part", f"median of {len(measured)}", "least–greatest", "share"), tuple(rows), notes)


def _request(world: _World, comment_id: int, states: Sequence[str]) -> Request | None:
    with world.database.read() as session:
        found = session.scalar(select(Request).where(Request.comment_id == comment_id))
    if found is not None and found.state in ("refused", "failed"):
        raise UserError(f"Terrasmith refused: {found.reason}")
    return found if found is not None and found.state in states else None


def _steps_when_checked(world: _World, request_id: str) -> dict[str, Step] | None:
    query = select(Step).join(Run, Run.id == Step.run_id).where(Run.request_id == request_id)
    with world.database.read() as session:
        steps = {step.key: step for step in session.scalars(query)}
    return steps if steps["check"].state == "done" else None


def _jobs(world: _World, subject: str, name: str) -> list[Job]:
    """Those jobs, once all of them have ended."""
    query = select(Job).where(Job.subject == subject, Job.name == name).order_by(Job.id)

    def ended() -> list[Job] | None:
        with world.database.read() as session:
            found = list(session.scalars(query))
        return found if found and all(job.finished_at for job in found) else None

    return until(ended, f"the job {name}")


def _first(found: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    return found[0] if found else None
