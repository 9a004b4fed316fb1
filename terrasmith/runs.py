"""`terrasmith runs`: what the job engine did and does, and a button for what it gave up on."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from bot import requests
from core import clock, jobs
from core.errors import UserError
from terrasmith.database import open_database

app = typer.Typer(no_args_is_help=True, help="Look at jobs, and retry those that were given up.")


class State(StrEnum):
    """The states of a job."""

    WAITING = jobs.WAITING
    QUEUED = jobs.QUEUED
    RUNNING = jobs.RUNNING
    DONE = jobs.DONE
    DEAD = jobs.DEAD


@app.command("list")
def list_runs(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 30,
) -> None:
    """Jobs, newest first: what they are about, where they stand, and their last error."""
    with open_database() as database, database.read() as session:
        found = jobs.views(session, state=state.value if state else None, limit=limit)
        counts = jobs.counts(session)
    table = Table("id", "job", "about", "state", "tries", "age", "error", box=None, header_style="bold")
    for job in found:
        age = _duration((clock.now() - job.created_at).total_seconds())
        table.add_row(str(job.id), job.name, job.subject, job.state, str(job.attempts), age, _first_line(job.error))
    Console().print(table)
    Console(stderr=True).print("  ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "no jobs yet")


@app.command()
def show(job_id: Annotated[int, typer.Argument(metavar="ID", help="A job's id, as `runs list` shows it.")]) -> None:
    """One job in full, and the steps of the request it works on."""
    with open_database() as database, database.read() as session:
        job = jobs.view(session, job_id)
        if job is None:
            raise UserError(f"There is no job {job_id}: `terrasmith runs list` shows those that exist.")
        table = Table(box=None, show_header=False)
        for name, value in vars(job).items():
            table.add_row(name.replace("_", " "), "" if value is None else str(value))
        Console().print(table)
        _show_steps(session, job.subject)


@app.command()
def retry(job_id: Annotated[int, typer.Argument(metavar="ID", help="A dead or waiting job's id.")]) -> None:
    """Try a job again, with all its tries. It says so when there is nothing to retry."""
    with open_database() as database, database.unit_of_work() as session:
        job = jobs.revive(session, job_id)  # the relay sees it within a second, without the bell
    typer.echo(f"Job {job.id} ({job.name}, {job.subject}) will be tried again.")


def _show_steps(session: Session, subject: str) -> None:
    kind, _, name = subject.partition(":")
    request = requests.find(session, name) if kind in ("request", "comment") else None
    if request is None or request.run is None:
        return
    table = Table(
        "step", "state", "detail", box=None, header_style="bold", title=f"request {request.id}: {request.state}"
    )
    for step in request.run.steps:
        table.add_row(step.title, step.state, step.detail or "")
    Console().print(table)


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0][:100]


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
