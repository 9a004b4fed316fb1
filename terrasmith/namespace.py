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


@app.command("list")
def list_namespaces() -> None:
    """Every namespace."""
    with open_database() as database, database.read() as session:
        found = namespaces.list_all(session)
    rows = [(one.name, one.visibility, one.state, str(one.account_id), one.account_type) for one in found]
    show(("NAME", "VISIBILITY", "STATE", "GITHUB ID", "TYPE"), rows)


@app.command()
def visibility(
    name: Annotated[str, typer.Argument(show_default=False)],
    to: Annotated[Visibility, typer.Argument(metavar="public|private", show_default=False)],
) -> None:
    """Let everybody read a namespace, or only the holders of its tokens."""
    with open_database() as database, database.unit_of_work() as session:
        changed = namespaces.set_visibility(session, name, to.value)
    typer.echo(f"{changed.name} is {changed.visibility}.")
