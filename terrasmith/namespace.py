"""`terrasmith namespace`: list namespaces and say who may read them."""

from enum import StrEnum
from typing import Annotated

import typer

from accounts import namespaces
from terrasmith.columns import show
from terrasmith.database import open_database

app = typer.Typer(no_args_is_help=True, help="Namespaces: born when the GitHub App is installed.")


class Visibility(StrEnum):
    """Who may read."""

    private = "private"
    public = "public"


class Switch(StrEnum):
    """On or off."""

    on = "on"
    off = "off"


_SHOWN = {True: "on", False: "off"}
_UNCHECKED = (
    "OpenTofu from 1.12 on now fetches private archives of this namespace with its own token. It then looks at the "
    "length of an archive and does not verify its checksum; every other client goes on verifying it."
)


@app.command("list")
def list_namespaces() -> None:
    """Every namespace."""
    with open_database() as database, database.read() as session:
        found = namespaces.list_all(session)
    rows = [
        (
            one.name,
            one.visibility,
            _SHOWN[one.verified],
            _SHOWN[one.registry_credentials],
            one.state,
            str(one.account_id),
            one.account_type,
        )
        for one in found
    ]
    show(("NAME", "VISIBILITY", "VERIFIED", "CREDENTIALS", "STATE", "GITHUB ID", "TYPE"), rows)


@app.command()
def visibility(
    name: Annotated[str, typer.Argument(show_default=False)],
    to: Annotated[Visibility, typer.Argument(metavar="public|private", show_default=False)],
) -> None:
    """Let everybody read a namespace, or only the holders of its tokens."""
    with open_database() as database, database.unit_of_work() as session:
        changed = namespaces.set_visibility(session, name, to.value)
    typer.echo(f"{changed.name} is {changed.visibility}.")


@app.command()
def credentials(
    name: Annotated[str, typer.Argument(show_default=False)],
    to: Annotated[Switch, typer.Argument(metavar="on|off", show_default=False)],
) -> None:
    """Let OpenTofu from 1.12 on fetch private archives with its token instead of by a signed address.

    The client then does not verify the archive's checksum. Other clients, and public namespaces, are not touched by it.
    """
    with open_database() as database, database.unit_of_work() as session:
        changed = namespaces.set_registry_credentials(session, name, to is Switch.on)
    typer.echo(f"{changed.name}: registry credentials are {_SHOWN[changed.registry_credentials]}.")
    if changed.registry_credentials:
        typer.echo(f"Warning: {_UNCHECKED}", err=True)


@app.command()
def verified(
    name: Annotated[str, typer.Argument(show_default=False)],
    to: Annotated[Switch, typer.Argument(metavar="on|off", show_default=False)],
) -> None:
    """Vouch for the account behind a namespace: its modules are shown as verified, and may be searched for as such."""
    with open_database() as database, database.unit_of_work() as session:
        changed = namespaces.set_verified(session, name, to is Switch.on)
    typer.echo(f"{changed.name}: verified is {_SHOWN[changed.verified]}.")
