"""`terrasmith compliance`: what the gate's report shows of a framework's requirements. Gives evidence, no verdict."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from core.errors import UserError
from gate.compliance import framework as frameworks
from gate.compliance import known
from gate.compliance.evidence import Assessment, Subject, assess
from gate.compliance.formats import written
from gate.compliance.framework import Framework
from gate.compliance.terminal import show
from terrasmith.check import ProfileName, judged
from tfmodule.files import printable

ShownFormat = Literal["terminal", "json", "csv", "markdown"]


def compliance(
    directory: Annotated[Path, typer.Argument(help="The module's folder.", show_default=False)],
    *,
    framework: Annotated[
        str, typer.Option(help="cis-aws, soc2, or a file of your own (docs/COMPLIANCE.md).", show_default=False)
    ],
    form: Annotated[ShownFormat, typer.Option("--format", help="How it is told.")] = "terminal",
    output: Annotated[Path | None, typer.Option(help="Write it into this file.", show_default=False)] = None,
    profile: Annotated[ProfileName, typer.Option(help="By which profile a folder is judged.")] = ProfileName.HOUSE,
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry that is asked.", show_default=False)
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="TERRASMITH_TOKEN", help="For private modules.", show_default=False)
    ] = "",
) -> None:
    """Show what the code holds of evidence for and against a framework's requirements. Exit 2: nobody could tell."""
    try:
        if output is not None and form == "terminal":
            raise UserError("--output wants --format json, csv or markdown: what a terminal shows is for no file.")
        chosen = read_framework(framework)
        subject = Subject(".", judged(directory, profile, url, token))
        tell(assess(chosen, "folder", ".", [subject]), form, output)
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None


def read_framework(name: str) -> Framework:
    """One of ours by its name, or one in a file."""
    path = Path(name)
    if name in frameworks.BUILT_IN or not path.is_file():
        return frameworks.built_in(name)
    try:
        with path.open("rb") as file:
            data = file.read(frameworks.MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"`{printable(name)}` cannot be read: {error.strerror}.") from None
    return frameworks.read(data, path.name, known.rules())


def tell(assessment: Assessment, form: ShownFormat, output: Path | None) -> None:
    if form == "terminal":
        show(assessment, Console())
    elif output is None:
        typer.echo(written(assessment, form), nl=False)
    else:
        try:
            output.write_bytes(written(assessment, form).encode())
        except OSError as error:
            raise UserError(f"`{printable(str(output))}` cannot be written: {error.strerror}.") from None
