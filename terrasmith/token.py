"""`terrasmith token`: make, list and revoke registry tokens. The secret goes to standard output once, alone."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from accounts import tokens
from terrasmith.columns import show
from terrasmith.database import open_database

app = typer.Typer(no_args_is_help=True, help="Tokens with which Terraform reads private modules, and CI publishes.")

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Allow(StrEnum):
    """What a token may do."""

    read = "read"
    publish = "publish"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, so that you know it again.", show_default=False)],
    namespace: Annotated[str, typer.Option(help="The namespace it opens.", show_default=False)],
    allow: Annotated[Allow, typer.Option(help="read, or publish (which reads too).")] = Allow.read,
    expires: Annotated[str, typer.Option(help="How long it lives: 12h, 90d, 8w; a year at most.")] = "90d",
) -> None:
    """Make a token and show it, this once."""
    lifetime = parse_lifetime(expires)
    with open_database() as database, database.unit_of_work() as session:
        token, secret = tokens.create(session, name, namespace, allow.value, lifetime)
    # The secret alone on standard output, so that `TOKEN=$(terrasmith token create …)` works.
    typer.echo(secret)
    told = f"{token.id} for {token.namespace}, {token.allow}, until {token.expires_at:%Y-%m-%d %H:%M} UTC."
    typer.echo(f"{told} It is kept as a hash: nobody can show it again.", err=True)


@app.command("list")
def list_tokens() -> None:
    """Every token, without its secret."""
    with open_database() as database, database.read() as session:
        found = tokens.list_all(session)
    rows = [
        (
            token.id,
            token.name,
            token.namespace,
            token.allow,
            *(_moment(one) for one in (token.expires_at, token.last_used_at, token.revoked_at)),
        )
        for token in found
    ]
    show(("ID", "NAME", "NAMESPACE", "ALLOW", "EXPIRES", "LAST USED", "REVOKED"), rows)


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """End a token now, and every download location that was signed for it."""
    with open_database() as database, database.unit_of_work() as session:
        token = tokens.revoke(session, token_id)
    typer.echo(f"{token.id} ({token.name}) is revoked.")


def parse_lifetime(text: str) -> timedelta:
    """`90d` as a duration; raises typer.BadParameter."""
    match = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text.strip())
    if match is None:
        raise typer.BadParameter(f"`{text}` is no lifetime: write 12h, 90d or 8w.", param_hint="--expires")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def _moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%dT%H:%MZ}" if value else "-"
