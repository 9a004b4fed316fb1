"""`terrasmith module`: what a registry tells of a module; and where one is published from, for the day it moves."""

from typing import Annotated

import typer

from registry.services import moving
from terrasmith.database import open_database
from terrasmith.module_facts import show
from tfmodule.address import Address

app = typer.Typer(no_args_is_help=True, help="Modules: what is in them, and where they are published from.")
app.command()(show)


@app.command()
def move(
    address: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)],
    path: Annotated[str, typer.Option(help="The module's folder in the repository; `.` is its root.")],
    repository_id: Annotated[
        int | None, typer.Option(min=1, help="Another repository, by GitHub's number.", show_default=False)
    ] = None,
) -> None:
    """Publish a module from another folder, or another repository, from now on. What is published stays as it is.

    A module keeps the place of its first version, so that nobody else takes its address. This is for a folder that was
    renamed, and for a module that went into a monorepo.
    """
    wanted = Address.parse(address)
    with open_database() as database, database.unit_of_work() as session:
        place = moving.move(session, wanted, path=path, repository_id=repository_id)
    typer.echo(f"{wanted} is published from {place.folder} of repository {place.repository_id} from now on.")
