"""`terrasmith module show`: what a registry tells of a module, over HTTP alone. Acts on no word of it."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from core.errors import UserError
from terrasmith.columns import show as show_columns
from terrasmith.registry_client import RegistryClient
from tfmodule.address import Address
from tfmodule.files import printable


def show(
    address: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)],
    url: Annotated[str, typer.Option(envvar="TERRASMITH_URL", help="The registry's address.", show_default=False)],
    version: Annotated[str, typer.Option(help="Which version.")] = "latest",
    token: Annotated[
        str | None, typer.Option(envvar="TERRASMITH_TOKEN", help="For a private module.", show_default=False)
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Show a version: how to use it, its inputs, outputs, providers, submodules and digests."""
    with RegistryClient(url, token) as registry:
        facts = registry.facts(Address.parse(address), version)
    if json_output:
        json.dump(facts, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    try:
        _tell(facts)
    except (LookupError, TypeError, AttributeError):
        raise UserError("The registry's answer has another form than this release knows: use --json.") from None


def _tell(facts: Mapping[str, Any]) -> None:
    name = f"{printable(facts['address'])} {printable(facts['version'])}"
    typer.echo(f"{name}, published {printable(facts['published_at'])}")
    commit = f" at {printable(facts['commit'])}" if facts["commit"] else ""
    typer.echo(f"from {printable(facts['source']) or 'an upload'}{commit}")
    typer.echo(f"sha256:{printable(facts['sha256'])}  {printable(facts['h1'])}\n")
    typer.echo("\n".join(_plain(line) for line in facts["usage"].splitlines()))
    root = facts["root"]
    inputs = [
        (one["name"], one["type"], "required" if one["required"] else one["default"] or "", one["description"])
        for one in sorted(root["inputs"], key=lambda one: (not one["required"], one["name"]))
    ]
    _table(("INPUT", "TYPE", "DEFAULT", "DESCRIPTION"), inputs)
    _table(("OUTPUT", "DESCRIPTION"), [(one["name"], one["description"]) for one in root["outputs"]])
    _table(("PROVIDER", "SOURCE", "VERSION"), [(o["name"], o["source"], o["version"]) for o in root["providers"]])
    parts = [(one["path"], str(len(one["inputs"]))) for one in facts["submodules"]]
    _table(("SUBMODULE", "INPUTS"), parts)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        typer.echo("")
        show_columns(headings, [[_plain(" ".join(cell.split())) for cell in row] for row in rows])


def _plain(text: str) -> str:
    """A stranger's text without anything that could move a terminal's cursor."""
    return "".join(one if one.isprintable() else " " for one in text)
