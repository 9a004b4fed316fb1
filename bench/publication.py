"""How many modules as large as terraform-aws-vpc are published in a second, by one client, and where the time goes.

Sent to a web process as anybody sends one; then this process does the worker's own job, and looks on at its clock: an
upload changes its state whenever a part of the work is done.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from accounts import namespaces, tokens
from bench.figures import Table, in_seconds, median, milliseconds, share, spread
from bench.large_module import entries
from bench.processes import Web, folder, postgres, web
from bench.published import upload
from bench.scale import Scale
from core import jobs, log
from core.db import Database
from core.errors import UserError
from core.settings import Settings
from gate.modules import NO_MODULES, Modules
from gate.report import Report
from registry import models
from registry.services import indexing
from tfmodule.address import Address
from tfmodule.archive import pack
from tfmodule.files import FileMap
from workers import execution
from workers.environment import Environment
from workers.relay import expand

_NAMESPACE = "acme"
_SENT, _UNPACKED, _STORED = "sent over HTTP, and staged", "unpacked, packed anew", "stored, and read back"
_READ, _PUBLISHED, _INDEXED = "its Terraform read", "published, in one transaction", "indexed for the search"
_REST = "gate: copying, engine version, cleaning up"


class WatchedDatabase(Database):
    """Notes when each unit of work that moved an upload began and ended, by the state it moved it to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.moments: dict[str, tuple[float, float]] = {}
        self._moved = ""
        event.listen(models.Upload.state, "set", self._note)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        begun, self._moved = time.perf_counter(), ""
        with super().unit_of_work() as session:
            yield session
        if self._moved:
            self.moments[self._moved] = begun, time.perf_counter()

    def dispose(self) -> None:
        event.remove(models.Upload.state, "set", self._note)
        super().dispose()

    def _note(self, _upload: object, state: str, *_rest: object) -> None:
        self._moved = state


@dataclass(frozen=True)
class Bench(Environment):
    """A worker's environment over a watched database: no scanner, no warm engine, nothing on GitHub.

    `judged` are the seconds that the last judgement took.
    """

    watched: WatchedDatabase
    judged: list[float] = field(default_factory=list)

    @property
    def database(self) -> WatchedDatabase:  # type: ignore[override]
        return self.watched

    def judge(self, profile: str, modules: Modules = NO_MODULES) -> Callable[[FileMap], Report]:
        """The gate, timed."""
        gate = super().judge(profile, modules)

        def timed(files: FileMap) -> Report:
            begun = time.perf_counter()
            report = gate(files)
            self.judged[:] = [time.perf_counter() - begun]
            return report

        return timed


def measure(scale: Scale) -> Iterator[Table]:
    """One table for each database."""
    log.configure(Settings(log_level="warning"), "worker")  # what a job says of each module is not the news here
    with folder() as work, postgres(work / "postgres") as url:
        for kind, database_url in (("SQLite", None), ("Postgres", url)):
            directory = work / kind
            directory.mkdir()
            with web(directory, database_url) as server:
                yield _table(kind, _published(server, scale.publications))


def bench_environment(database: WatchedDatabase, data_dir: Path) -> Bench:
    """The one that the worker's job gets here. Its lease is so long that no heartbeat comes between."""
    settings = Settings(data_dir=data_dir, sandbox="trusted-local", scanner="off", lease_seconds=3600)
    return Bench(settings, database)


def _published(server: Web, modules: int) -> list[dict[str, float]]:
    """Seconds by step, of each module."""
    database, found = WatchedDatabase(server.database_url), []
    environment = bench_environment(database, server.data_dir)
    try:
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, _NAMESPACE, "Organization", "private")
            token = tokens.create(session, "bench", _NAMESPACE, "publish", timedelta(days=1))[1]
        for number in range(modules + 1):
            body = pack(entries(number))
            begun = time.perf_counter()
            upload_id = upload(server.port, token, Address(_NAMESPACE, f"network{number}", "terraform"), "1.0.0", body)
            sent = time.perf_counter() - begun
            steps = {_SENT: sent} | worked(environment, upload_id)
            found.append(steps | {"whole": time.perf_counter() - begun})
    finally:
        database.dispose()
    return found[1:]  # the first one loads what the others find loaded


def worked(environment: Bench, upload_id: str) -> dict[str, float]:
    """Seconds by step of the worker's job for an upload that passes, and of the indexing after it."""
    database, moments = environment.watched, environment.watched.moments
    moments.clear()
    expand(database)
    with database.read() as session:
        (job,) = jobs.views(session, subject=f"upload:{upload_id}")
    begun = time.perf_counter()
    became = execution.run(environment, job.id)
    with database.read() as session:
        row = session.get_one(models.Upload, upload_id)
        if row.state != "published" or row.report is None:
            failed = jobs.view(session, job.id)
            raise UserError(f"the job is {became}, the upload {row.state}: {row.reason or (failed and failed.error)}")
        report = Report.from_dict(row.report)
    ended = {state: end for state, (_, end) in moments.items()}
    steps = {_UNPACKED: ended["unpacked"] - begun} | _gate(report, environment.judged[0])
    steps |= {_STORED: ended["stored"] - ended["judged"], _READ: moments["published"][0] - ended["stored"]}
    steps[_PUBLISHED] = ended["published"] - moments["published"][0]
    begun = time.perf_counter()
    with database.unit_of_work() as session:
        indexing.catch_up(session)
    return steps | {_INDEXED: time.perf_counter() - begun}


def _gate(report: Report, whole: float) -> dict[str, float]:
    checks: dict[str, float] = {}
    for check in report.checks:
        if check.outcome == "passed":
            checks[f"gate: {check.id}"] = checks.get(f"gate: {check.id}", 0.0) + check.seconds
    return checks | {_REST: whole - sum(checks.values())}


def _table(kind: str, found: list[dict[str, float]]) -> Table:
    whole = [one["whole"] for one in found]
    gate = [sum(seconds for step, seconds in one.items() if step.startswith("gate:")) for one in found]
    steps = [step for step in found[0] if step != "whole" and all(one.get(step) for one in found)]
    rows = [_row(step, [one[step] for one in found], median(whole)) for step in steps]
    rows.append(_row("the gate alone", gate, median(whole)))
    rows.append(_row("whole", whole, median(whole)))
    apart = median([one - judged for one, judged in zip(whole, gate, strict=True)])
    files = entries(0)
    size = sum(len(one.data) for one in files if one.path.endswith(".tf")) / 1000
    return Table(
        f"Publication of a module as large as terraform-aws-vpc, {kind}",
        ("step", f"median of {len(found)}", "share", "least–greatest"),
        tuple(rows),
        (
            f"{1 / median(whole):.2f} modules a second, one after the other; without the gate {1 / apart:.1f}.",
            (
                f"{len(files)} files, {size:.0f} kB of Terraform, {len(pack(files)) / 1000:.0f} kB packed; safety "
                "profile, Terraform's built-in provider. One client, one worker."
            ),
        ),
    )


def _row(step: str, seconds: list[float], whole: float) -> tuple[str, ...]:
    middle = median(seconds)
    said = in_seconds(middle) if middle >= 1 else milliseconds(middle)
    return step, said, share(middle, whole), spread(seconds)
