"""Brings a database to the newest schema, and says whether it is there. The migrations live in `migrations`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from core.db import Database
from core.errors import SettingsError, UserError

_FOLDER = Path(__file__).resolve().parent.parent / "migrations"


LOCK_SECONDS: Mapping[str, float] = {"postgresql": 5.0, "sqlite": 30.0}
"""How long a migration waits for what somebody else holds. On Postgres everybody else waits behind it meanwhile; on
SQLite it waits like any other writer, and nobody behind it."""

# Postgres: lock_not_available. SQLite: SQLITE_BUSY.
_HELD = frozenset({"55P03", "SQLITE_BUSY"})


class TableHeldError(UserError):
    """A migration could not get at a table."""

    def __init__(self) -> None:
        super().__init__(
            "What this release changes in the database is held by somebody else, for longer than a migration waits: a "
            "long query, a backup, a transaction that does not end. Nothing is half done. Run `terrasmith migrate` "
            "again, with `--lock-seconds` for more patience; should it end so again, look for what holds it (Postgres: "
            "pg_stat_activity; SQLite: another process that has the file open)."
        )


def upgrade(url: str, lock_seconds: float | None = None, to: str = "head") -> None:
    """Apply what is missing. Two processes at once: the second waits for the first and finds nothing to do.

    `lock_seconds` is how long to wait for what somebody else holds; LOCK_SECONDS where it is None. Raises
    TableHeldError where that was not long enough; the migrations before that one stay.
    """
    config = _config(url)
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    config.attributes["lock_seconds"] = LOCK_SECONDS[kind] if lock_seconds is None else lock_seconds
    with _answering():
        try:
            command.upgrade(config, to)
        except OperationalError as error:
            held = {getattr(error.orig, name, None) for name in ("sqlstate", "sqlite_errorname")}
            if held & _HELD:
                raise TableHeldError from None
            raise


def require_current(database: Database) -> None:
    """Raise if the schema is not the one this code was written for."""
    with (
        _answering(),
        database.engine.connect().execution_options(terrasmith_write=False) as connection,
    ):
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory(str(_FOLDER)).get_current_head()
    if found != wanted:
        raise UserError(
            f"The database is at schema {found or 'none'}, this release needs {wanted}: run `terrasmith migrate`."
        )


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise SettingsError(f"DATABASE_URL does not answer ({reason}); it expects a database that runs.") from None


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config
