"""`terrasmith compatible`: which versions of a module work with a Terraform and with providers. Speaks HTTP only.

Exit 0: at least one does. 1: none does, and why. 2: nobody could tell.
"""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from core.errors import UserError
from terrasmith.registry_client import RegistryClient, RegistryError
from tfmodule.address import Address
from tfmodule.files import printable

SOME, NONE, UNKNOWN = 0, 1, 2


def compatible(
    address: Annotated[
        str,
        typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", help="A submodule follows after //.", show_default=False),
    ],
    url: Annotated[str, typer.Option(envvar="TERRASMITH_URL", help="The registry's address.", show_default=False)],
    terraform: Annotated[
        str | None, typer.Option(help="A version such as 1.5.7, or a line such as 1.5.", show_default=False)
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(help="SOURCE=VERSION, such as hashicorp/aws=5; as often as needed.", show_default=False),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="TERRASMITH_TOKEN", help="For a private module.", show_default=False)
    ] = None,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="Print the registry's answer as JSON.")] = False,
) -> None:
    """Which versions of a module work with what you have? Exit 0: some do. 1: none, and why. 2: nobody could tell."""
    try:
        module, _, submodule = address.partition("//")
        asked = [("provider", one) for one in provider or []]
        asked += [("terraform", terraform)] if terraform else []
        asked += [("submodule", submodule)] if submodule else []
        with RegistryClient(url, token) as registry:
            answer = registry.compatible(Address.parse(module), asked)
        verdicts = _verdicts(answer)
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(UNKNOWN) from None
    if json_output:
        json.dump(answer, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _show(verdicts)
        if answer.get("not_judged"):
            typer.echo(f"{printable(str(answer['not_judged']))} older versions were not looked at.")
    if any(one["compatible"] is True for one in verdicts):
        raise typer.Exit(SOME)
    open_ = bool(answer.get("not_judged")) or any(one.get("decided") is False for one in verdicts)
    raise typer.Exit(UNKNOWN if open_ else NONE)


def _verdicts(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = answer.get("versions")
    wanted = {"version", "compatible", "reasons", "not_followed"}
    if not isinstance(found, list) or not all(isinstance(one, dict) and wanted <= one.keys() for one in found):
        raise RegistryError("The registry sent an answer that this release cannot read.")
    return found


def _show(verdicts: list[Mapping[str, Any]]) -> None:
    """One line for each version, newest first; indented below it, why not."""
    for one in verdicts:
        verdict = "works" if one["compatible"] is True else "does not work"
        verdict = "nobody can tell" if one.get("decided") is False else verdict
        typer.echo(f"{printable(str(one['version']))}  {verdict}")
        for reason in one["reasons"]:
            typer.echo(f"  {printable(str(reason))}")
        for source in one["not_followed"]:
            typer.echo(f"  not looked into: {printable(str(source))}")
    if not verdicts:
        typer.echo("There is no version that can be installed.")
