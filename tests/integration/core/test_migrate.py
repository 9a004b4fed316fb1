"""Migrations beside a registry that serves: they do not make it wait for ever, and leave nothing half done."""

import secrets
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner

from core import migrate
from core.db import Database
from core.errors import UserError
from terrasmith.main import app


@pytest.fixture
def before_the_last(postgres_url: str) -> str:
    """An empty database beside the migrated one, brought to where the search did not exist."""
    name = f"migrated_{secrets.token_hex(8)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    before, _, query = postgres_url.partition("?")
    url = f"{before.rpartition('/')[0]}/{name}?{query}"
    migrate.upgrade(url, to="0011")
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def test_a_held_table_ends_a_migration_with_a_line_that_says_what_to_do(before_the_last: str) -> None:
    database = Database(before_the_last)
    with psycopg.connect(before_the_last) as busy:
        busy.execute("DELETE FROM modules WHERE false")  # a transaction that does not end
        with pytest.raises(migrate.TableHeldError, match="Run `terrasmith migrate` again") as told:
            migrate.upgrade(before_the_last, lock_seconds=0.2)
        assert isinstance(told.value, UserError) and "pg_stat_activity" in told.value.message
        assert "search_documents" not in inspect(database.engine).get_table_names()  # not even a part of it
        with pytest.raises(UserError, match="at schema 0011"):
            migrate.require_current(database)
    migrate.upgrade(before_the_last)
    migrate.require_current(database)
    database.dispose()


def test_a_writer_that_does_not_end_on_sqlite_is_told_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'held.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    with closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None)) as busy:
        busy.execute("PRAGMA journal_mode = WAL")
        busy.execute("BEGIN IMMEDIATE")
        held = CliRunner().invoke(app, ["migrate", "--lock-seconds", "0.2"])
        assert isinstance(held.exception, migrate.TableHeldError), held.output
        assert "--lock-seconds" in held.exception.message and "SQLite: another process" in held.exception.message
        busy.execute("ROLLBACK")
        assert busy.execute("SELECT name FROM sqlite_master").fetchall() == []  # not even a part of it
    done = CliRunner().invoke(app, ["migrate"])
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(app, ["migrate", "--lock-seconds", "0"]).exit_code == 2


def test_the_second_of_two_waits_for_the_first_however_long_it_takes(postgres_url: str) -> None:
    """Its own lock is no table: the timeout is not for it."""
    waited = threading.Event()
    with psycopg.connect(postgres_url, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(7238114)")
        second = threading.Thread(target=lambda: (migrate.upgrade(postgres_url, lock_seconds=0.05), waited.set()))
        second.start()
        assert not waited.wait(0.5)
        first.execute("SELECT pg_advisory_unlock(7238114)")
        second.join(60)
    assert waited.is_set()
