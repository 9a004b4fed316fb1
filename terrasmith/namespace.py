"""`terrasmith namespace`: list namespaces, say who may read them, and give away names that nobody may simply take."""

from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from accounts import audit, namespaces
from bot import installations
from bot.installations import InstallationView
from core.errors import UserError
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
    """Every namespace, with the names it had before; and every account that was refused its own, with the reason."""
    with open_database() as database, database.read() as session:
        found, former = namespaces.list_all(session), namespaces.former_names(session)
        refused = [
            (one, namespaces.why_refused(session, one.account_id, one.account_login)) for one in _nameless(session)
        ]
    rows = [
        (
            *(one.name, one.visibility, _SHOWN[one.verified], _SHOWN[one.registry_credentials], one.state),
            *(str(one.account_id), one.account_type, " ".join(former.get(one.id, ()))),
        )
        for one in found
    ]
    show(("NAME", "VISIBILITY", "VERIFIED", "CREDENTIALS", "STATE", "GITHUB ID", "TYPE", "FORMERLY"), rows)
    for one, reason in refused:
        typer.echo(f"{one.account_login} ({one.account_id}) has no namespace of that name: {reason or 'not yet bound'}")


@app.command()
def allow(
    name: Annotated[str, typer.Argument(help="The account's login.", show_default=False)],
    account: Annotated[
        int | None,
        typer.Option(help="Its number on GitHub; needed where the app is not installed.", show_default=False),
    ] = None,
) -> None:
    """Give a name that is reserved, or looks like another one, to the GitHub account that bears it.

    A name that another account has, or ever had, cannot be given.
    """
    with open_database() as database, database.unit_of_work() as session:
        number, login, kind = _bearer(session, name, account)
        bound = namespaces.bind(session, number, login, kind, actor=audit.OPERATOR, allowed=True)
    typer.echo(f"{bound.name} belongs to the GitHub account {bound.account_id}.")


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


def _bearer(session: Session, name: str, account: int | None) -> tuple[int, str, str]:
    """Number, login as GitHub spells it, and type of the account that shall have the name."""
    known = [one for one in installations.active(session) if account in (None, one.account_id)]
    bearing = {one.account_id: one for one in known if one.account_login.casefold() == name.casefold()}
    if len(bearing) == 1:
        ((number, one),) = bearing.items()
        return number, one.account_login, one.account_type
    if account is None:
        raise UserError(
            f"The app is installed on {'no account' if not bearing else 'several accounts'} of the name `{name}`: "
            f"say which is meant with --account NUMBER (https://api.github.com/users/{name} shows it as `id`)."
        )
    return account, name, "Organization"


def _nameless(session: Session) -> list[InstallationView]:
    """Accounts that the app is installed on, and whose present login is not their namespace's name."""
    named = {one.account_id: one.name for one in namespaces.list_all(session)}
    return [one for one in installations.active(session) if named.get(one.account_id) != one.account_login]
