"""Tables on a terminal: aligned columns that are never cut, so that an id can be copied and a script can read them."""

from collections.abc import Sequence

import typer


def show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Headings and rows, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
