"""How many modules as large as terraform-aws-vpc are published in a second, by one client, and where the time goes.

Sent to a web process as anybody sends one; then this process does what a worker does, step by step, and times it.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from accounts import namespaces, tokens
from bench import wire
from bench.figures import Table, in_seconds, median, milliseconds, share, spread
from bench.large_module import entries
from bench.processes import Web, folder, postgres, web
from bench.scale import Scale
from core.db import Database
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from registry.services import archive_claims, indexing, publishing, resolving, staging, uploads
from registry.services.publishing import PreparedArchive, PublishVersion
from registry.services.uploads import Upload
from registry.storage.local import LocalStorage
from tfmodule.archive import Entry, pack
from tfmodule.contents import Contents
from tfmodule.needs import needs_of

_NAMESPACE = "acme"
_ENGINE = EngineSettings(
    terraform=None, provider_mirror=None, sandbox="trusted-local", timeout_seconds=300.0, memory_bytes=4096 << 20
)
_SENT, _UNPACKED, _STORED = "sent over HTTP, and staged", "unpacked, packed anew", "stored, and read back"
_READ, _PUBLISHED, _INDEXED = "its Terraform read", "published, in one transaction", "indexed for the search"
_REST = "gate: copying, engine version, cleaning up"


class _Watch:
    """Seconds by step; what happens more than once in a module adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - begun)

    def add(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


def measure(scale: Scale) -> Iterator[Table]:
    """One table for each database."""
    with folder() as work, postgres(work / "postgres") as url:
        for kind, database_url in (("SQLite", None), ("Postgres", url)):
            directory = work / kind
            directory.mkdir()
            with web(directory, database_url) as server:
                yield _table(kind, _published(server, scale.publications))


def _published(server: Web, modules: int) -> list[dict[str, float]]:
    """Seconds by step, of each module."""
    database, found = Database(server.database_url), []
    storage = LocalStorage(server.data_dir / "storage")
    try:
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, _NAMESPACE, "Organization", "private")
            token = tokens.create(session, "bench", _NAMESPACE, "publish", timedelta(days=1))[1]
        for number in range(modules + 1):
            watch = _Watch()
            body = pack(entries(number))
            begun = time.perf_counter()
            with watch.step(_SENT):
                upload_id = _send(server.port, token, number, body)
            _work(watch, database, storage, upload_id)
            watch.add("whole", time.perf_counter() - begun)
            found.append(watch.seconds)
    finally:
        database.dispose()
    return found[1:]  # the first one loads what the others find loaded


def _work(watch: _Watch, database: Database, storage: LocalStorage, upload_id: str) -> None:
    """What `workers/jobs/judge_upload.py` does with a module that passes, and the indexing job after it."""
    with watch.step(_UNPACKED):
        with database.unit_of_work() as session:
            upload = uploads.resume(session, upload_id)
        unpacked, prepared = staging.canonical(storage, upload.staging_key)
        with database.unit_of_work() as session:
            uploads.note_unpacked(
                session, upload.id, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size, left_out=0
            )
    module = staging.module_of(unpacked)
    report = _judged(watch, unpacked)
    with watch.step(_STORED):
        with database.unit_of_work() as session:
            uploads.note_judged(session, upload.id, report.to_dict())
            claim = archive_claims.claim(session, prepared.sha256)
        publishing.store(storage, prepared)
        with database.unit_of_work() as session:
            uploads.note_stored(session, upload.id)
    with watch.step(_READ):
        files = {entry.path: entry.data for entry in module}
        contents, needs = Contents.from_files(files), needs_of(files, frozenset())
    version = _version(upload, prepared, contents, report, needs=needs, claim=claim)
    with watch.step(_PUBLISHED), database.unit_of_work() as session:
        resolving.require(session, version.address, version.version, needs)
        uploads.note_published(session, upload.id, publishing.publish(session, version))
    storage.discard(upload.staging_key)
    with watch.step(_INDEXED), database.unit_of_work() as session:
        indexing.catch_up(session)


def _judged(watch: _Watch, unpacked: tuple[Entry, ...]) -> Report:
    begun = time.perf_counter()
    report = judge({entry.path: entry.data for entry in unpacked}, profile="safety", engine=_ENGINE)
    rest = time.perf_counter() - begun
    if not report.passed:
        raise UserError(f"the gate said {report.verdict}: {[finding.message for finding in report.findings]}")
    for check in report.checks:
        if check.outcome == "passed":
            watch.add(f"gate: {check.id}", check.seconds)
            rest -= check.seconds
    watch.add(_REST, rest)
    return report


def _send(port: int, token: str, number: int, body: bytes) -> str:
    path = f"/v1/modules/{_NAMESPACE}/network/terraform/1.{number}.0/upload"
    headers = {"Host": wire.HOST, "Authorization": f"Bearer {token}", "Content-Type": "application/gzip"}
    answer = wire.once(port, wire.post(port, path, headers, body))
    if answer.status != 202:
        raise RuntimeError(f"{answer.status} to an upload: {answer.body[:200]!r}")
    return str(json.loads(answer.body)["id"])


def _version(
    upload: Upload, prepared: PreparedArchive, contents: Contents, report: Report, **more: object
) -> PublishVersion:
    return PublishVersion(
        address=upload.address,
        version=upload.version,
        account_id=11,
        sha256=prepared.sha256,
        h1=prepared.h1,
        size=prepared.size,
        contents=contents,
        report=report.to_dict(),
        **more,  # type: ignore[arg-type]
    )


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
