"""`terrasmith storage`: try a storage out, and copy one into another. Never deletes what somebody else wrote."""

from collections import Counter
from typing import Annotated

import typer

from core import settings
from core.errors import UserError
from core.settings import variable
from registry.storage.migrating import migrate
from registry.storage.opening import examine, open_place, place_of
from registry.storage.places import InvalidPlaceError, parse_place
from registry.storage.port import Storage, StorageRefusedError, StorageUnavailableError

app = typer.Typer(no_args_is_help=True, help="Where archives are kept: a folder, or a bucket of S3.")

_ADDRESS = "s3://BUCKET/PREFIX?region=… or file:///PATH"
_KIND = "folder, or bucket and prefix"
_TOLD_EVERY = 1000


@app.command()
def check(
    url: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help=f"{_ADDRESS}; without it, that of the settings.")
    ] = None,
) -> None:
    """Write a few bytes, read them back, try to overwrite them, list them and take them away again.

    Exit 0: the storage can do all that Terrasmith needs. 1: it says what is wrong, and what to do.
    """
    found = _opened(url, "ADDRESS")
    try:
        steps = examine(found)
    except (StorageRefusedError, StorageUnavailableError) as error:
        raise UserError(error.message) from None
    for step in steps:
        typer.echo(f"ok  {step}")


@app.command("migrate")
def migrate_objects(
    source: Annotated[str, typer.Option("--from", metavar="ADDRESS", help=_ADDRESS, show_default=False)],
    target: Annotated[str, typer.Option("--to", metavar="ADDRESS", help=_ADDRESS, show_default=False)],
    quick: Annotated[bool, typer.Option("--quick", help="Believe what is there already by its length.")] = False,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="How many objects are copied side by side.")] = 4,
) -> None:
    """Copy everything from one storage into another, held to its digest; nothing is deleted or overwritten.

    Safe while Terrasmith runs, and safe to repeat: it goes on where it ended. To move for good: copy, stop Terrasmith,
    copy again, set TERRASMITH_STORAGE, start. Exit 0: all of it is there. 1: what is missing is on standard error,
    or there is nothing to copy.
    """
    if source == target:
        raise UserError("--from and --to are the same storage.")
    old, new = _opened(source, "--from", create=False), _opened(target, "--to")
    counted: Counter[str] = Counter()
    try:
        examine(new)
        for moved in migrate(old, new, at_once=at_once, quick=quick):
            counted[moved.outcome] += 1
            if moved.reason:
                typer.echo(f"{moved.outcome}: {moved.key}: {moved.reason}", err=True)
            if counted.total() % _TOLD_EVERY == 0:
                typer.echo(f"{counted.total()} so far", err=True)
    except StorageUnavailableError as error:
        raise UserError(f"{error.message} Until then: {_told(counted)}. Run it again to go on.") from None
    typer.echo(_told(counted))
    if counted.total() == counted["skipped"]:
        raise UserError(f"--from holds nothing that Terrasmith keeps, so nothing was copied: is it the right {_KIND}?")
    raise typer.Exit(1 if counted["failed"] else 0)


def _told(counted: Counter[str]) -> str:
    told = [f"{name} {counted[name]}" for name in ("copied", "present", "failed")]
    return ", ".join(told + [f"{name} {counted[name]}" for name in ("gone", "skipped") if counted[name]])


def _opened(url: str | None, option: str, *, create: bool = True) -> Storage:
    named = option if url is not None else variable("storage")
    try:
        place = parse_place(url) if url is not None else place_of(settings.load("check"))
        return open_place(place, create=create)
    except InvalidPlaceError as error:
        raise UserError(f"{named} is wrong: {error.message}; it expects {_ADDRESS}.") from None
    except StorageRefusedError as error:
        raise UserError(f"{named} is wrong: {error.message}") from None
    except OSError as error:
        raise UserError(f"{named} is wrong: {(error.strerror or type(error).__name__).lower()}.") from None
