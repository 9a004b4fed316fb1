"""What the read path costs beside nginx with the same bytes, turn by turn: CPU time for each request, p50, p99, memory.

The server has one core, wrk the other. Authorisation, counting and watching for changes are on, as always.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin

from bench import wire, wrk
from bench.figures import Table, median, milliseconds, percentile
from bench.generated import fill
from bench.processes import Web, folder, nginx, postgres, publisher, web
from bench.published import CHOSEN, LARGE, PRIVATE, PUBLIC, SMALL, VERSIONS
from bench.scale import Scale
from bench.wrk import Load, Target

CONNECTIONS = (1, 16, 64)
_MOST_WHILE_PUBLISHING = 1_000
# What Terraform sends with each request to a registry.
_CLIENT = (
    "User-Agent: Terraform/1.11.4 (+https://www.terraform.io)",
    "X-Terraform-Version: 1.11.4",
    "Accept-Encoding: gzip",
)


@dataclass(frozen=True)
class _Cell:
    """Ours, and the same bytes from nginx."""

    ours: Target
    static: Target
    size: int


def measure(scale: Scale) -> Iterator[Table]:
    """One table for each number of connections, and one for memory."""
    wrk.find_wrk()
    with _registry(scale) as (server, cells):
        empty = wrk.resident(server.pid)
        for connections in CONNECTIONS:
            yield Table(
                f"Reads, {scale.registry_modules:,} modules of {len(VERSIONS)} versions, {connections} connections",
                (
                    "request",
                    "bytes",
                    "a second",
                    "a CPU second",
                    "CPU each",
                    "nginx, CPU each",
                    "× nginx",
                    "p50",
                    "p99",
                    "nginx p99",
                    "failed",
                ),
                tuple(_row(name, cell, connections, scale) for name, cell in cells.items()),
                _notes(scale),
            )
        yield Table(
            "Memory of the web process",
            ("when", "resident"),
            (("after the first answers", _mebibytes(empty)), ("after the load", _mebibytes(wrk.resident(server.pid)))),
        )
    yield from _while_publishing(scale)


def _while_publishing(scale: Scale) -> Iterator[Table]:
    # How many modules there are besides is the other tables' business, and filling a registry twice more takes minutes.
    scale = replace(scale, registry_modules=min(scale.registry_modules, _MOST_WHILE_PUBLISHING))
    with folder() as work, postgres(work / "postgres") as url:
        for kind, database_url in (("SQLite", None), ("Postgres", url)):
            with _registry(scale, database_url) as (server, cells), publisher(server, _token(cells)) as stop:
                rows = []
                for name in ("discovery", *(name for name in cells if "private" in name)):
                    for connections in (1, 16):
                        found = wrk.load(cells[name].ours, connections, scale.registry_seconds)
                        latency = milliseconds(found.p50), milliseconds(found.p99), milliseconds(found.greatest)
                        rows.append((name, str(connections), f"{found.requests:,}", *latency, str(found.failed)))
                published = stop()
            seconds = len(rows) * max(round(scale.registry_seconds), 1)
            yield Table(
                f"Reads of {scale.registry_modules:,} modules while one client publishes a large one in a loop, {kind}",
                ("request", "connections", "answers", "p50", "p99", "greatest", "failed"),
                tuple(rows),
                (
                    (
                        f"{published} modules of 134 files in {seconds} s: sent to that web process, unpacked, packed "
                        "and published by another process without the gate, on whichever core is free. "
                        "Failed: any status but 200, and connections that broke."
                    ),
                ),
            )


def _token(cells: Mapping[str, _Cell]) -> str:
    header = next(one for one in cells["versions, private"].ours.headers if one.startswith("Authorization"))
    return header.rpartition(" ")[2]


@contextmanager
def _registry(scale: Scale, database_url: str | None = None) -> Iterator[tuple[Web, Mapping[str, _Cell]]]:
    with folder() as work:
        (work / "web").mkdir()
        (work / "static").mkdir()
        with web(work / "web", database_url) as server, nginx(work / "static") as (static_pid, static_port):
            token, archives = fill(server, scale.registry_modules)
            (work / "static" / "archive.tar.gz").write_bytes(archives[LARGE].data)
            wrk.pin(server.pid)
            answers = wrk.worker_of(static_pid)
            wrk.pin(answers)
            yield server, _cells(server, Target(answers, static_port, "/"), token, work / "static", scale)


def _cells(server: Web, static: Target, token: str, files: Path, scale: Scale) -> dict[str, _Cell]:
    bearer = (f"Authorization: Bearer {token}",)

    def path(namespace: str, rest: str) -> str:
        return f"/v1/modules/{namespace}/{LARGE}/terraform/{rest}"

    def location(namespace: str, sent: str | None) -> str:
        asked = path(namespace, f"{CHOSEN}/download")
        answer = wire.once(server.port, wire.get(server.port, asked, sent))
        return urljoin(asked, answer.headers["x-terraform-get"]).partition("?")[0]

    asked: dict[str, tuple[str, tuple[str, ...]]] = {
        "discovery": ("/.well-known/terraform.json", ()),
        "versions, public": (path(PUBLIC, "versions"), ()),
        "versions, private": (path(PRIVATE, "versions"), bearer),
        "download, public": (path(PUBLIC, f"{CHOSEN}/download"), ()),
        "download, private": (path(PRIVATE, f"{CHOSEN}/download"), bearer),
        "archive, public": (location(PUBLIC, None), ()),
    }
    found = {}
    for name, (target, headers) in asked.items():
        answer = wire.once(server.port, wire.get(server.port, target, token if headers else None))
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} to {target}")
        file = name.replace(", ", "-") + ".json"
        if name.startswith("archive"):
            file = "archive.tar.gz"
        (files / file).write_bytes(answer.body)
        ours = Target(server.pid, server.port, target, (*_CLIENT, *headers))
        found[name] = _Cell(ours, Target(static.pid, static.port, f"/{file}", (*_CLIENT, *headers)), len(answer.body))
    many = scale.registry_modules // 2 - 2
    spread = f"/v1/modules/{PUBLIC}/{SMALL}-%d/terraform/versions"
    known = found["versions, public"]
    found[f"versions, any of {many:,}"] = replace(known, ours=replace(known.ours, path=spread, many=many))
    return found


def _row(name: str, cell: _Cell, connections: int, scale: Scale) -> tuple[str, ...]:
    ours: list[Load] = []
    static: list[Load] = []
    for _ in range(scale.registry_rounds):
        static.append(wrk.load(cell.static, connections, scale.registry_seconds))
        ours.append(wrk.load(cell.ours, connections, scale.registry_seconds))
    each, beside = median([one.cpu_each for one in ours]), median([one.cpu_each for one in static])
    return (
        name,
        str(cell.size),
        f"{median([one.requests / one.seconds for one in ours]):,.0f}",
        f"{1 / each:,.0f}",
        f"{each * 1e6:.1f} µs",
        f"{beside * 1e6:.1f} µs",
        f"{each / beside:.1f}",
        milliseconds(median([one.p50 for one in ours])),
        milliseconds(percentile([one.p99 for one in ours], 50)),
        milliseconds(percentile([one.p99 for one in static], 50)),
        str(sum(one.failed for one in (*ours, *static))),
    )


def _notes(scale: Scale) -> tuple[str, ...]:
    return (
        (
            "One web process (uvicorn, uvloop, httptools) on core 0, wrk on core 1; nginx, 1 worker, no log, sends the "
            "same bytes from a file on core 0, in turns with ours."
        ),
        "Any of: a random module each time; each is read from the database once, until memory is full.",
        (
            f"SQLite; {scale.registry_rounds} turns of {scale.registry_seconds:g} s each; medians. CPU each: user and "
            "system time of the process that answers, divided by its answers."
        ),
    )


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
