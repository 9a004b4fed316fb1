"""Opens the database for one command of an operator, and closes it after. Refuses one at another schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from core import migrate, settings
from core.db import Database


@contextmanager
def open_database() -> Iterator[Database]:
    """The database that the settings name, at the schema of this release. Raises UserError where it is not."""
    url = settings.load("operator").database_url
    assert url is not None, "the operator role requires it"
    database = Database(url)
    try:
        migrate.require_current(database)
        yield database
    finally:
        database.dispose()
