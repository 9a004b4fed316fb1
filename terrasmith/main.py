"""The command `terrasmith`: puts the groups of commands together; our errors become one line and an exit code."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from core.errors import Transient, UserError
from terrasmith import (
    check,
    compatible,
    demo,
    diff,
    engine,
    gc,
    mocks,
    module,
    namespace,
    policy,
    publish,
    retention,
    roles,
    runs,
    sandbox,
    search,
    storage,
    token,
    verify,
    version,
)
from terrasmith.conformance.command import conformance
from terrasmith.openapi import openapi

app = typer.Typer(
    name="terrasmith",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Writes Terraform modules on request and releases them into its own registry.",
    epilog="Start with `terrasmith demo`: the whole road on this machine, with a simulated GitHub.",
)
app.add_typer(runs.app, name="runs")
app.add_typer(token.app, name="token")
app.add_typer(namespace.app, name="namespace")
app.add_typer(module.app, name="module")
app.add_typer(version.app, name="version")
app.add_typer(retention.app, name="retention")
app.add_typer(storage.app, name="storage")
app.add_typer(policy.app, name="policy")
for command in (
    *demo.COMMANDS,
    *roles.COMMANDS,
    engine.engine,
    check.check,
    mocks.mocks,
    publish.publish,
    verify.verify,
    compatible.compatible,
    diff.diff,
    conformance,
    gc.gc,
    openapi,
    sandbox.sandbox,
    *search.COMMANDS,
):
    app.command()(command)


def _version(value: bool) -> None:
    if value:
        typer.echo(metadata.version("terrasmith"))
        raise typer.Exit


@app.callback()
def _options(
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Writes Terraform modules on request and releases them into its own registry."""


def main() -> None:
    """The entry point. Exit 1: we say why. 2: a wrong command line, or `check`, `diff` or `verify` could not tell."""
    try:
        app()
    except UserError as error:
        print(f"terrasmith: {error.message}", file=sys.stderr)
        sys.exit(1)
    except Transient as error:
        print(f"terrasmith: {error.message} Try again in a moment.", file=sys.stderr)
        sys.exit(1)
