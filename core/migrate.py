"""Brings a database to the newest schema, and says whether it is there. The migrations live in `migrations`."""

from collections.abc import Iterator
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


def upgrade(url: str) -> None:
    """Apply what is missing. Two processes at once: the second waits for the first and finds nothing to do."""
    with _answering():
        command.upgrade(_config(url), "head")


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
