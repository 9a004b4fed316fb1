"""Units of work on both databases: all or nothing, in UTC, and fit for many writers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from core import clock, outbox
from core.db import Database, in_unit_of_work, refuse_inside_unit_of_work
from core.errors import Transient
from core.events import CommandReceived
from core.models import OutboxRow


def _count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxRow)) or 0


def test_a_failed_unit_of_work_leaves_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="no"), database.unit_of_work() as session:
        outbox.record(session, CommandReceived(request_id="r"))
        raise ValueError("no")
    assert _count(database) == 0


def test_the_bell_rings_after_the_commit_and_only_then(database: Database) -> None:
    rung: list[int] = []
    ringing = Database(database.url, after_commit=lambda: rung.append(_count(database)))
    with ringing.unit_of_work() as session:
        outbox.record(session, CommandReceived(request_id="r"))
    with pytest.raises(ValueError, match="no"), ringing.unit_of_work() as session:
        raise ValueError("no")
    ringing.dispose()
    assert rung == [1]


def test_moments_come_back_in_utc(database: Database) -> None:
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=5)))
    with database.unit_of_work() as session:
        session.add(OutboxRow(event="x", subject="x", payload={}, recorded_at=moment))
    with database.read() as session:
        assert session.scalars(select(OutboxRow.recorded_at)).one() == moment.astimezone(UTC)


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="naive"), database.unit_of_work() as session:
        session.add(OutboxRow(event="x", subject="x", payload={}, recorded_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        session.flush()


@pytest.mark.checklist("F-14")
def test_F14_many_writers_wait_and_none_is_turned_away(database: Database) -> None:
    def write(number: int) -> None:
        for _ in range(10):
            with database.unit_of_work() as session:
                session.scalar(select(func.count()).select_from(OutboxRow))
                outbox.record(session, CommandReceived(request_id=f"r{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert _count(database) == 80


def test_a_call_outside_is_refused_inside_a_unit_of_work(database: Database) -> None:
    refuse_inside_unit_of_work("nothing")
    with database.unit_of_work():
        assert in_unit_of_work()
        with pytest.raises(AssertionError, match="inside a unit of work"):
            refuse_inside_unit_of_work("GitHub")
    assert not in_unit_of_work()


def test_a_database_that_does_not_answer_is_transient(sqlite_url: str) -> None:
    broken = Database(sqlite_url.replace("terrasmith.db", "no-such-folder/terrasmith.db"))
    with pytest.raises(Transient, match="did not answer"), broken.read():
        pass


@pytest.mark.checklist("F-15")
def test_F15_sqlite_is_durable(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.dispose()
    assert clock.now().tzinfo is UTC
