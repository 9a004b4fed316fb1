"""`terrasmith sandbox`: how well this machine contains strangers' code, tried here and now. Changes nothing."""

import dataclasses
import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gate.sandbox.levels import REQUIRED, enough
from gate.sandbox.probe import Probe, probe


def sandbox(json_output: Annotated[bool, typer.Option("--json", help="Print what was tried as JSON.")] = False) -> None:
    """Try what a module's code must not be able to do on this machine. Exit 0: contained. 1: not, and what to do."""
    found = probe()
    if json_output:
        json.dump(dataclasses.asdict(found), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _show(found, Console())
    raise typer.Exit(0 if enough("require", found.level) else 1)


def _show(found: Probe, console: Console) -> None:
    table = Table("", "tried from inside", "answer", "stopped by", header_style="bold", box=None, padding=(0, 1))
    for attempt in found.attempts:
        mark = "[green]✓[/]" if attempt.wanted else "[red]✗[/]"
        table.add_row(mark, attempt.title, attempt.answer or "works", attempt.by if attempt.answer else "")
    if found.attempts:
        console.print(table)
    landlock = f"Landlock version {found.landlock}" if found.landlock else "no Landlock"
    console.print(f"level {found.level} ({landlock}); code of strangers needs {REQUIRED}", highlight=False)
    if found.reason:
        console.print(f"[red]{found.reason}[/] {_ADVICE}", highlight=False, soft_wrap=True)


_ADVICE = (
    "Until then the gate leaves verdicts undecided and the worker for the heavy queue does not start;"
    " TERRASMITH_SANDBOX=trusted-local is for a machine where everyone who can ask is trusted."
)


def at_start() -> str:
    """One line for a person who has started Terrasmith here, which needs the level or the trust for it."""
    level = probe().level
    if enough("require", level):
        return f"sandbox: level {level}. What a module runs reaches no file, network or process of this machine."
    return (
        f"sandbox: trusted-local at level {level}. Who may comment can run Terraform on this machine:"
        " keep it to people you trust."
    )
