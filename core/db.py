"""The database: one engine per process, short units of work, the same schema on SQLite and Postgres. Knows no table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.types import TypeDecorator

from core.errors import Transient

_NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

# As many connections as a web process has threads: 40 for routes, 4 for what is not in memory, one that looks for
# changes, one that writes counts (docs/PERFORMANCE.md). Most of them are closed again when it is quiet.
_POOL: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 5, "max_overflow": 41, "pool_timeout": 10}

# Of a server that is there and says nothing: a connection that is dead is found out, in seconds.
_ALIVE = {
    "connect_timeout": 10,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

# True while this thread of control is inside a unit of work: the GitHub and Claude gateways refuse to be called then.
_open: ContextVar[bool] = ContextVar("unit_of_work_open", default=False)


class Base(DeclarativeBase):
    """The parent of every table, in whichever package it lives."""

    metadata = MetaData(naming_convention=_NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets the zone, so it is stored as UTC and given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime: use core.clock.now()")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Database:
    """Opens units of work. `after_commit` is called after each commit that wrote: the doorbell hangs there."""

    def __init__(self, url: str, after_commit: Callable[[], None] | None = None) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._after_commit = after_commit or (lambda: None)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One transaction that writes. Commits at the end, or rolls everything back. No outside call inside."""
        with self._session(writing=True) as session:
            yield session
        self._after_commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads."""
        with self._session(writing=False) as session:
            yield session

    @contextmanager
    def _session(self, *, writing: bool) -> Iterator[Session]:
        token = _open.set(True)
        try:
            with self._sessions() as session:
                # SQLite takes the write lock first: a read that turns into a write fails at once with BUSY_SNAPSHOT.
                session.connection(execution_options={"terrasmith_write": writing})
                yield session
                if writing:
                    session.commit()
        except OperationalError as error:
            raise Transient(f"the database did not answer: {error.orig}") from error
        except PoolTimeoutError as error:
            raise Transient("every connection to the database is taken") from error
        finally:
            _open.reset(token)

    def dispose(self) -> None:
        """Close every pooled connection: before a fork, and at the end."""
        self.engine.dispose()


def in_unit_of_work() -> bool:
    """Whether a transaction of ours is open here. An outside call made then is a bug (design law 7)."""
    return _open.get()


def refuse_inside_unit_of_work(what: str) -> None:
    """Raise if a transaction is open: a slow outside call would hold its locks."""
    if in_unit_of_work():
        raise AssertionError(f"{what} was called inside a unit of work: commit first, call outside, then write")


def normalise_url(url: str) -> str:
    """`postgresql://` means psycopg 3 here."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1) if url.startswith("postgresql://") else url


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url, connect_args={"timeout": 30.0, "check_same_thread": False}, hide_parameters=True, **_POOL
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(
        normalise_url(url),
        **_POOL,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={**_ALIVE, "options": "-c statement_timeout=30000"},
    )


def _sqlite_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    writing = connection.get_execution_options().get("terrasmith_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
