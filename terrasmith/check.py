"""`terrasmith check`: the gate on a folder of this machine, before anybody pushes it. Publishes and changes nothing."""

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core import settings
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.modules import NO_MODULES
from gate.policy import Policy
from gate.report import Report
from gate.scanning.scanners import make_scanner
from terrasmith.called_modules import fetch
from terrasmith.scanning import scanner_settings
from tfmodule.files import printable

# What Terraform and git keep beside a working copy; it never becomes part of a module.
_LEFT_OUT = frozenset({".git", ".terraform"})
_EXIT = {"passed": 0, "refused": 1, "undecided": 2}
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}
_MARKS = {
    "passed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "undecided": "[yellow]?[/]",
    "not-applicable": "[dim]–[/]",
}


class ProfileName(StrEnum):
    """How much is asked of the module."""

    SAFETY = "safety"
    HOUSE = "house"


def check(
    directory: Annotated[Path, typer.Argument(help="The module's folder.")],
    profile: Annotated[ProfileName, typer.Option(help="safety, or house with documentation and tests.")] = (
        ProfileName.HOUSE
    ),
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry whose modules may be called.", show_default=False)
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="TERRASMITH_TOKEN", help="For private modules that are called.", show_default=False)
    ] = "",
) -> None:
    """Judge a module. Exit 0: passed. 1: refused, with findings. 2: nobody could judge, and why."""
    try:
        report = _judged(directory, profile, url, token)
    except UserError as error:
        # 1 is kept for a module that was judged: a script must be able to tell a bad module from a mistyped path.
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    if json_output:
        json.dump(report.to_dict() | {"digest": report.digest}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        show(report, Console())
    raise typer.Exit(_EXIT[report.verdict])


def _judged(directory: Path, profile: ProfileName, url: str, token: str) -> Report:
    configured = settings.load("check")
    engine = EngineSettings(
        terraform=configured.terraform,
        provider_mirror=configured.provider_mirror,
        sandbox=configured.sandbox,
        timeout_seconds=configured.engine_timeout_seconds,
        memory_bytes=configured.engine_memory_mib << 20,
    )
    files = read_directory(directory)
    modules = fetch(files, url, token or None) if url else NO_MODULES
    scanner = make_scanner(scanner_settings(configured))
    return judge(files, profile=profile.value, engine=engine, modules=modules, scanner=scanner)


def read_directory(directory: Path) -> dict[str, bytes]:
    """The module in a folder. Links are refused, and so is a folder that is plainly something larger than a module."""
    if not directory.is_dir():
        raise UserError(f"`{printable(str(directory))}` is not a folder.")
    policy = Policy()
    files: dict[str, bytes] = {}
    for parent, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted([*names, *(folder for folder in folders if Path(parent, folder).is_symlink())]):
            path = Path(parent, name)
            relative = path.relative_to(directory).as_posix()
            if path.is_symlink() or not path.is_file():
                raise UserError(f"`{printable(relative)}` is not a regular file; a module holds nothing else.")
            with path.open("rb") as file:
                files[relative] = file.read(policy.max_file_bytes + 1)
            if len(files) > policy.max_files:
                raise UserError(f"The folder holds more than {policy.max_files} files: is it a module's folder?")
    if not files:
        raise UserError(f"`{printable(str(directory))}` is empty.")
    return files


def show(report: Report, console: Console) -> None:
    """The report for people: what ran, what it found and how to fix it, and who judged."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    for result in report.checks:
        table.add_row(_MARKS[result.outcome], result.title, f"[dim]{result.seconds:.1f} s[/]" if result.seconds else "")
    console.print(table)
    if report.findings:
        found = Table("", "where", "what", "how to fix", header_style="bold", padding=(0, 1))
        for finding in report.ordered:
            severity = Text(finding.severity, style=_COLOURS[finding.severity])
            texts = (finding.place, f"{finding.message} [{finding.rule}]", finding.fix)
            # Text, not markup: what a finding quotes must not colour or move anything.
            found.add_row(severity, *(Text(text, overflow="fold") for text in texts))
        console.print(found)
    colour = {"passed": "green", "refused": "red", "undecided": "yellow"}[report.verdict]
    judged = f"{report.profile} profile, engine {report.engine}, tier {report.tier}, sandbox {report.sandbox}"
    console.print(Text(report.verdict, style=f"bold {colour}"), Text(f"({judged})", style="dim"))
