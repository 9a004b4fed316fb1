"""How long a search takes over a thousand modules and over very many, on both databases, whatever is asked."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench import shelves, wire, wrk
from bench.figures import NONE, Table, median, milliseconds, percentile
from bench.processes import Web, folder, postgres, web
from bench.scale import Scale
from bench.wire import Timings
from core import migrate
from core.db import Database

_QUESTIONS = {
    "one module": {"q": "{name}"},
    "resource type, as text": {"q": "which modules create aws_vpc"},
    "resource type and system, as filters": {"resource_type": "aws_vpc", "system": "aws"},
    "two words": {"q": "encrypted bucket"},
    "beginning of a word": {"q": "encr"},
    "mistyped": {"q": "encrpyted bukcet"},
    "a word that all have": {"q": "module"},
    "two words that nearly all have": {"q": "module managed"},
    "everything, fifth page": {"offset": "80"},
    "nothing to be found": {"q": "xylophone"},
}


def measure(scale: Scale) -> Iterator[Table]:
    """Closed loop with one connection, each kind of question by itself; answers hold a page and all facets."""
    for modules in scale.search_modules:
        for kind in ("SQLite", "Postgres"):
            yield from _tables(kind, modules, scale)


def _tables(kind: str, modules: int, scale: Scale) -> Iterator[Table]:
    with folder() as work, _database(kind, work) as url:
        shelf = _fill(url, modules)
        with web(work, url) as server:
            rows, every, crowd = [], Timings(), list[tuple[str, ...]]()
            for name, question in _QUESTIONS.items():
                asked = {key: value.format(name=shelf.names[modules // 2]) for key, value in question.items()}
                request = wire.get(server.port, f"/api/v1/search?{urlencode(asked)}")
                wire.closed_loop(server.port, [request], 1, scale.search_seconds / 4)
                timings = wire.closed_loop(server.port, [request], 1, scale.search_seconds)
                every.add(timings)
                rows.append(_row(name, timings))
            if shutil.which("wrk"):
                crowd = _crowd(server, shelf, scale)
    rows.append(_row("all of them", every))
    yield Table(
        f"Search over {modules:,} modules of {shelves.VERSIONS} versions, {kind}",
        ("question", "answers", "a second", "p50", "p99"),
        tuple(rows),
        ("One web process, one connection, the client on the same cores.",),
    )
    if crowd:
        yield Table(
            f"Search over {modules:,} modules by many at once, {kind}",
            ("request", "connections", "a second", "a CPU second", "CPU each", "p50", "p99", "greatest", "failed"),
            tuple(crowd),
            (
                (
                    f"Each request one of {len(_mixed(shelf))} questions at random: modules by name, two words, types, "
                    "beginnings, filters. One web process on core 0, wrk on core 1; CPU is that of the web process."
                ),
                "`/livez` is what any route costs that does nothing.",
            ),
        )


def _crowd(server: Web, shelf: shelves.Shelf, scale: Scale) -> list[tuple[str, ...]]:
    wrk.pin(server.pid)
    asked = {
        "/livez": wrk.Target(server.pid, server.port, "/livez"),
        "search": wrk.Target(server.pid, server.port, "/", paths=_mixed(shelf)),
    }
    rows = []
    for connections in (1, 16, 64):
        for name, target in asked.items():
            wrk.load(target, connections, scale.search_seconds / 2)
            found = wrk.load(target, connections, 2 * scale.search_seconds)
            rows.append(
                (
                    name,
                    str(connections),
                    f"{found.requests / found.seconds:,.0f}",
                    f"{1 / found.cpu_each:,.0f}" if found.cpu else NONE,
                    milliseconds(found.cpu_each),
                    *(milliseconds(one) for one in (found.p50, found.p99, found.greatest)),
                    str(found.failed),
                )
            )
    return rows


def _mixed(shelf: shelves.Shelf) -> tuple[str, ...]:
    """Three hundred questions, the same every time."""
    chance = random.Random(11)
    asked: list[dict[str, str]] = []
    for name in chance.sample(shelf.names, min(50, len(shelf.names))):
        thing, quality, *_ = name.split("-")
        other = chance.choice(shelf.names).split("-")[0]
        asked += [{"q": name}, {"q": f"{quality} {thing}"}, {"q": f"which modules create aws_{thing}"}]
        asked += [{"q": thing[:4]}, {"resource_type": f"aws_{thing}", "system": "aws"}, {"q": f"{thing} {other}"}]
    return tuple(dict.fromkeys(f"/api/v1/search?{urlencode(one)}" for one in asked))


def _row(name: str, timings: Timings) -> tuple[str, ...]:
    return (
        name,
        timings.said,
        f"{timings.rate:,.0f}",
        milliseconds(median(timings.seconds)),
        milliseconds(percentile(timings.seconds, 99)),
    )


def _fill(url: str, modules: int) -> shelves.Shelf:
    migrate.upgrade(url)
    database = Database(url)
    try:
        shelf = shelves.fill(database, modules)
        if database.engine.dialect.name == "postgresql":
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql("VACUUM ANALYZE")
    finally:
        database.dispose()
    return shelf


@contextmanager
def _database(kind: str, work: Path) -> Iterator[str]:
    if kind == "SQLite":
        yield f"sqlite:///{work / 'terrasmith.db'}"
        return
    with postgres(work / "postgres") as url:
        yield url
