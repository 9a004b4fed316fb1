"""`terrasmith search`: find modules in a registry. Speaks HTTP only."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from core.errors import UserError
from terrasmith.columns import show
from terrasmith.registry_client import RegistryClient
from tfmodule.files import printable

_MOST_SHOWN_FACETS = 5
_LONGEST_DESCRIPTION = 60


def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="[QUERY]...", help="What to look for.")] = None,
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry, such as https://registry.example.com")
    ] = "",
    token: Annotated[
        str,
        typer.Option(
            envvar="TERRASMITH_TOKEN", help="For private modules; better in the variable.", show_default=False
        ),
    ] = "",
    *,
    system: Annotated[str | None, typer.Option(help="Only this system, such as aws.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only what needs this provider: hashicorp/aws.")] = None,
    resource_type: Annotated[str | None, typer.Option(help="Only what creates this: aws_sqs_queue.")] = None,
    verified: Annotated[bool, typer.Option("--verified", help="Only verified namespaces.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    json_output: Annotated[bool, typer.Option("--json", help="Print the API's answer.")] = False,
) -> None:
    """Find modules by words, beginnings of words, resource types. Exit 1 when nothing is found."""
    if not url:
        raise UserError("Which registry? Give --url, or set TERRASMITH_URL.")
    asked = {
        "q": " ".join(words or ()),
        "system": system,
        "namespace": namespace,
        "provider": provider,
        "resource_type": resource_type,
        "verified": "true" if verified else None,
        "limit": str(limit),
    }
    with RegistryClient(url, token or None) as registry:
        found = registry.search({name: value for name, value in asked.items() if value})
    if json_output:
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        try:
            _tell(found)
        except (LookupError, TypeError, AttributeError):
            raise UserError("The registry's answer has another form than this release knows: use --json.") from None
    if not found.get("modules"):
        raise typer.Exit(1)


def _tell(found: Mapping[str, Any]) -> None:
    for typed, taken in found["corrections"].items():
        typer.echo(f"Nothing has “{printable(typed)}”; looked for “{printable(taken)}”.")
    if not found["modules"]:
        typer.echo("Nothing was found. Fewer words, or the beginning of one, find more.")
        return
    rows = [
        (
            printable(one["address"]),
            printable(one["latest_version"]),
            str(one["downloads"]),
            "yes" if one["verified"] else "",
            printable(one["description"])[:_LONGEST_DESCRIPTION],
        )
        for one in found["modules"]
    ]
    show(("MODULE", "VERSION", "DOWNLOADS", "VERIFIED", "DESCRIPTION"), rows)
    more = "" if found["total_is_exact"] else " or more"
    typer.echo(f"\n{len(rows)} of {found['total']}{more}.")
    for name in ("system", "provider", "resource_type"):
        values = found["facets"][name][:_MOST_SHOWN_FACETS]
        if len(values) > 1:
            listed = ", ".join(f"{printable(one['value'])} {one['count']}" for one in values)
            typer.echo(f"--{name.replace('_', '-')}: {listed}")
