"""`terrasmith version`: versions with their states, and a way to take one out of service for good."""

from typing import Annotated

import typer

from accounts import audit
from registry.services import lifecycle
from terrasmith.columns import show
from terrasmith.database import open_database
from tfmodule.address import Address
from tfmodule.version import Version

app = typer.Typer(no_args_is_help=True, help="Published versions: where they stand, and removing one.")


@app.command("list")
def list_versions(
    address: Annotated[
        str | None, typer.Argument(metavar="[NAMESPACE/NAME/SYSTEM]", help="Only this module's.", show_default=False)
    ] = None,
    broken: Annotated[bool, typer.Option("--broken", help="Only those whose stored bytes are bad.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 1_000,
) -> None:
    """Versions, newest first. BYTES says what the last sweep found: ok, missing, unreadable or differs.

    With --broken, exit 1 if there is one, so that a script can ask.
    """
    wanted = Address.parse(address) if address is not None else None
    with open_database() as database, database.read() as session:
        found = lifecycle.standings(session, wanted, damaged=broken, limit=limit)
    rows = [
        (
            str(one.address),
            one.version,
            one.state,
            one.damage or "ok",
            f"{one.verified_at:%Y-%m-%dT%H:%MZ}" if one.verified_at else "-",
            one.sha256,
            one.reason or "",
        )
        for one in found
    ]
    show(("MODULE", "VERSION", "STATE", "BYTES", "FOUND GOOD AT", "SHA256", "REASON"), rows)
    if broken and found:
        raise typer.Exit(1)


@app.command()
def remove(
    address: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)],
    version: Annotated[str, typer.Argument(show_default=False)],
    reason: Annotated[str, typer.Option(help="Why: whoever asks for the version is told.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
) -> None:
    """Take a version out of service for good. Its number stays taken: nothing is ever published under it again."""
    wanted, number = Address.parse(address), Version.parse(version)
    if not yes:
        typer.confirm(
            f"Remove {wanted} {number}? Nobody can bring it back, and builds that pin it will fail", abort=True
        )
    with open_database() as database, database.unit_of_work() as session:
        removed = lifecycle.remove(session, wanted, number, reason, audit.OPERATOR)
    typer.echo(f"{removed.address} {removed.version} is removed, and its number is taken for good: {removed.reason}")
