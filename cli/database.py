"""Opens the database for one command of an operator, and tells what went wrong in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from core import migrate, settings
from core.db import Database
from core.errors import Transient, UserError


@contextmanager
def open_database() -> Iterator[Database]:
    """The database that the settings name, at the schema of this release. Ends the command with 2 on a UserError."""
    try:
        url = settings.load("operator").database_url
        assert url is not None, "the operator role requires it"
        database = Database(url)
        try:
            migrate.require_current(database)
            yield database
        finally:
            database.dispose()
    except (UserError, Transient) as error:
        print(f"terrasmith: {error.message}", file=sys.stderr)
        raise typer.Exit(2) from None
