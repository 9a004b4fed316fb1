"""`terrasmith reindex`: make the index of the search anew, while the registry serves."""

import typer

from registry.services import indexing
from terrasmith.database import open_database


def reindex() -> None:
    """Make the search's index anew from what the versions hold. Safe while the registry serves."""
    rebuilt, done = indexing.Rebuilt(), 0
    with open_database() as database:
        with database.read() as session:
            ids = indexing.all_modules(session)
        for start in range(0, len(ids), indexing.AT_ONCE):
            some = ids[start : start + indexing.AT_ONCE]
            with database.unit_of_work() as session:
                indexing.index_modules(session, some, rebuilt)
            done += len(some)
            typer.echo(f"{done} of {len(ids)} modules", err=True)
        with database.unit_of_work() as session:
            forgotten = indexing.finish_rebuild(session, rebuilt)
    typer.echo(f"{len(rebuilt.indexed)} modules can be found; {forgotten} words that none of them has were forgotten.")
