"""`terrasmith gc`: remove what retention lets go, and delete the bytes that no version is made of any more."""

from typing import Annotated

import typer

from core import clock, settings
from core.db import Database
from registry.services import collecting, retention
from registry.services.retention import Doomed
from registry.storage.opening import open_storage
from registry.storage.port import Storage
from terrasmith.columns import show
from terrasmith.database import open_database


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and why; change nothing.")] = False,
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="Also note archives that this database never heard of: they go a week later."),
    ] = False,
) -> None:
    """Collect garbage now: versions that a retention policy lets go, and bytes that nothing refers to.

    The daily job does the same without --unknown. What goes is a tombstone: its number is never used again. Bytes go
    a week after the last version that was made of them.
    """
    with open_database() as database:
        storage = open_storage(settings.load("operator"))
        _versions(database, dry_run=dry_run)
        _archives(database, storage, dry_run=dry_run)
        if unknown:
            _strangers(database, storage, dry_run=dry_run)


def _versions(database: Database, *, dry_run: bool) -> None:
    with database.read() as session:
        modules = retention.due_modules(session, clock.now())
    found: list[Doomed] = []
    for module in modules:
        if dry_run:
            with database.read() as session:
                found += retention.plan(session, module, clock.now())
        else:
            with database.unit_of_work() as session:
                found += retention.apply(session, module, clock.now())
    if found:
        show(("MODULE", "VERSION", "WHY"), [(str(one.address), str(one.version), one.reason) for one in found])
    verb = "would be removed" if dry_run else "removed"
    typer.echo(f"Versions {verb} by retention: {len(found)}.")


def _archives(database: Database, storage: Storage, *, dry_run: bool) -> None:
    going = (
        collecting.pending(database.read, storage)
        if dry_run
        else collecting.collect(database.read, database.unit_of_work, storage)
    )
    number = size = 0
    for one in going:
        typer.echo(f"{one.sha256}  {one.size} bytes: no version is made of it")
        number, size = number + 1, size + one.size
    verb = "would be deleted" if dry_run else "deleted"
    typer.echo(f"Archives {verb}: {number}, {size} bytes.")


def _strangers(database: Database, storage: Storage, *, dry_run: bool) -> None:
    number = 0
    for sha256 in collecting.strangers(database.read, storage):
        if not dry_run:
            collecting.note(database.unit_of_work, sha256)
        typer.echo(f"{sha256}  unknown to this database")
        number += 1
    verb = "would be noted" if dry_run else f"noted, to be deleted in {collecting.GRACE.days} days"
    typer.echo(f"Unknown archives {verb}: {number}.")
