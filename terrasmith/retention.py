"""`terrasmith retention`: which versions may go by age. Removes nothing: `terrasmith gc` and the daily job do."""

import re
from typing import Annotated

import typer

from core.errors import UserError
from registry.services import retention
from registry.services.retention import DEFAULT, Policy
from terrasmith.columns import show
from terrasmith.database import open_database

app = typer.Typer(no_args_is_help=True, help="Retention: which versions may go by age. Without a policy none does.")

_Namespace = Annotated[
    str | None,
    typer.Argument(metavar="[NAMESPACE]", help="Without it: for all that have no own.", show_default=False),
]


@app.command("show")
def show_policies() -> None:
    """Every policy."""
    with open_database() as database, database.read() as session:
        found = retention.policies(session)
    rows = [
        (
            name,
            _days(one.prerelease_days),
            _days(one.stable_days),
            str(one.keep_last),
            _days(one.keep_downloaded_days),
        )
        for name, one in found.items()
    ]
    show(("NAMESPACE", "PRERELEASES AFTER", "RELEASES AFTER", "KEEP LAST", "KEEP IF DOWNLOADED IN"), rows)


@app.command("set")
def set_policy(
    namespace: _Namespace = None,
    prereleases: Annotated[
        str | None, typer.Option(metavar="90d", help="Prereleases older than this go.", show_default="never")
    ] = None,
    releases: Annotated[
        str | None,
        typer.Option(
            metavar="730d", help="Releases older than this go: builds that pin one fail.", show_default="never"
        ),
    ] = None,
    keep_last: Annotated[
        int, typer.Option(help="The highest so many releases, and prereleases, of each module stay.")
    ] = 5,
    keep_downloaded: Annotated[
        str | None,
        typer.Option(metavar="180d", help="What was downloaded in this time stays.", show_default="does not count"),
    ] = None,
) -> None:
    """Set a policy, in place of the one before. See what it means with `terrasmith gc --dry-run`."""
    policy = Policy(
        prerelease_days=_parse("--prereleases", prereleases),
        stable_days=_parse("--releases", releases),
        keep_last=keep_last,
        keep_downloaded_days=_parse("--keep-downloaded", keep_downloaded),
    )
    with open_database() as database, database.unit_of_work() as session:
        retention.set_policy(session, namespace, policy)
    typer.echo(f"The policy of {namespace or DEFAULT} is set: {_told(policy)}.")
    typer.echo("`terrasmith gc --dry-run` says what would go.")


@app.command("clear")
def clear_policy(namespace: _Namespace = None) -> None:
    """Take a policy away. A namespace without one follows the default; without any nothing goes."""
    with open_database() as database, database.unit_of_work() as session:
        was = retention.clear_policy(session, namespace)
    typer.echo(f"The policy of {namespace or DEFAULT} is gone." if was else f"{namespace or DEFAULT} had no policy.")


def _parse(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})d", text)
    if match is None:
        meant = f"{int(text)}d" if re.fullmatch(r"[0-9]{1,6}", text) else "90d"
        raise UserError(f"{option} takes days with their unit, such as `{meant}`.")
    return int(match.group(1))


def _told(policy: Policy) -> str:
    ages = (("prereleases", policy.prerelease_days), ("releases", policy.stable_days))
    told = [f"{kind} may go after {_counted(days)}" if days else f"no {kind} go" for kind, days in ages]
    told.append(f"the highest {policy.keep_last} of each module stay")
    if policy.keep_downloaded_days:
        told.append(f"what was downloaded in the last {_counted(policy.keep_downloaded_days)} stays")
    return "; ".join(told)


def _counted(days: int) -> str:
    return f"{days} day" if days == 1 else f"{days} days"


def _days(value: int | None) -> str:
    return "-" if value is None else f"{value}d"
