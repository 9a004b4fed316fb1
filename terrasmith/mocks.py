"""`terrasmith mocks`: what mocked providers should answer in a module's tests, printed or written. Runs no test."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UserError
from gate.mocks import FOLDER, Mocks, mocks_of
from terrasmith.module_folder import read_folder, write_files
from tfmodule.files import FileMap, printable
from tfmodule.hcl import parse


def mocks(
    directory: Annotated[Path, typer.Argument(help="The module's folder.")],
    *,
    write: Annotated[
        bool, typer.Option("--write", help=f"Write the files below {FOLDER} instead of printing.")
    ] = False,
) -> None:
    """Defaults for mocked providers, for the types that a module uses. A file that somebody changed stays as it is."""
    try:
        files = read_folder(directory)
        found = mocks_of(files)
        if write:
            write_files(directory, found.files)
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    for path, data in found.files.items():
        if write:
            typer.echo(f"wrote {path}", err=True)
        else:
            sys.stdout.write(f"# {path}\n{data.decode()}")
    for line in _advice(files, found):
        typer.echo(line, err=True)


def _advice(files: FileMap, found: Mocks) -> list[str]:
    """What is left to do by hand, or that there is nothing to do."""
    lines = [f"kept {path}: somebody changed it" for path in found.kept]
    if not found.providers:
        lines.append("This module uses no type for which there are defaults.")
    elif not found.files and not found.kept:
        lines.append("The mock files are up to date.")
    for path in sorted(path for path in files if path.endswith(".tftest.hcl")):
        for block in parse(path, files[path]).blocks:
            name = block.labels[0] if block.labels else ""
            if block.kind == "mock_provider" and name in found.providers and "source" not in block.attributes:
                lines.append(f'{printable(path)}:{block.line}: add `source = "./{FOLDER}/{name}"` to use them.')
    return lines
