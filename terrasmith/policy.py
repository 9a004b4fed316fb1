"""`terrasmith policy`: write, test and try policies in Rego on this machine, which changes nothing but an empty folder;
and the commands of `policy_sets`, by which they govern publications.

Exit 0: all is well. 1: a test failed, or a policy refuses the module. 2: the policies cannot be used or gave no answer.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UserError
from gate.policies.decision import Ruling, rulings
from gate.policies.document import document
from gate.policies.organisation import LAPTOP
from gate.policies.testing import PolicyTests, run_tests
from gate.policy import Policy
from gate.report import Report
from gate.screen import screen
from terrasmith import policy_sets, policy_try
from terrasmith.columns import show
from terrasmith.module_folder import read_folder
from terrasmith.policy_folder import described_policies, library, read_policies, write_new
from tfmodule.files import FileMap, printable

app = typer.Typer(no_args_is_help=True, help="An organisation's policies in Rego: write and try them, and set them.")

_Policies = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the policies.", show_default=False)]
_Module = Annotated[Path, typer.Argument(metavar="MODULE", help="The module's folder.", show_default=False)]


app.command("set")(policy_sets.set_policies)
app.command("show")(policy_sets.show_policies)
app.command("remove")(policy_sets.remove_policies)
app.command("override")(policy_sets.override)
app.command("overrides")(policy_sets.list_overrides)
app.command("withdraw")(policy_sets.withdraw)
app.command("try")(policy_try.try_policies)


class Form(StrEnum):
    """How an answer is written."""

    TERMINAL = "terminal"
    JSON = "json"


_Form = Annotated[Form, typer.Option("--format", help="terminal, or json for programs.")]


@app.command()
def init(directory: Annotated[Path, typer.Argument(help="A folder that is empty or not there.")]) -> None:
    """Write the policies that come with Terrasmith into a folder, with their tests and parameters, to begin with."""
    with _telling():
        write_new(directory, library())
    typer.echo(f"{printable(str(directory))} holds them. Try them: `terrasmith policy test {directory}`.")


@app.command("test")
def run(directory: _Policies, form: _Form = Form.TERMINAL) -> None:
    """Run the tests of policies: the rules named `test_…`. There is no coverage, but policies without a test are named.

    Exit 0: all passed. 1: one failed. 2: policies or tests cannot be read.
    """
    with _telling():
        found = run_tests(read_policies(directory))
    if form is Form.JSON:
        values = {"tests": [vars(one) for one in found.tests], "untested": list(found.untested)}
        _dump({"passed": found.passed, **values})
    else:
        _show_tests(found)
    raise typer.Exit(0 if found.passed else 1)


@app.command()
def check(directory: _Policies, module: _Module, form: _Form = Form.TERMINAL) -> None:
    """Ask the policies about a module, without an engine or a scanner: `findings` and `checks` are empty for them.

    `terrasmith check MODULE --policy DIR` asks them at the end of a whole judgement. Exit 0, 1 or 2 as there.
    """
    with _telling():
        folder = read_policies(directory)
        described_policies(folder)
        files = _screened(module)
        ruling = next(rulings(folder.bundle, [(_UNJUDGED, files, LAPTOP)]))
    if form is Form.JSON:
        _dump({"outcome": ruling.conclusion.outcome, "findings": [one.to_dict() for one in ruling.conclusion.findings]})
    else:
        _show_ruling(ruling)
    raise typer.Exit({"passed": 0, "failed": 1}.get(ruling.conclusion.outcome, 2))


@app.command("input")
def show_input(module: _Module) -> None:
    """Print what a policy is told of a module, as JSON: a beginning for a test's input."""
    with _telling():
        _dump(document(_UNJUDGED, _screened(module), LAPTOP))


_UNJUDGED = Report("safety", "none", "none", "not needed", "undecided")


def _screened(directory: Path) -> FileMap:
    """The files of a module that a parser may read."""
    files = read_folder(directory)
    screened = screen(files, Policy())
    if refused := [one for one in screened.findings if one.severity == "error" and one.rule in _UNREADABLE]:
        raise UserError(f"The module cannot be read: {refused[0].message} ({refused[0].place})")
    return files


_UNREADABLE = frozenset({"too-large", "syntax", "unreadable", "not-text"})


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None


def _dump(values: object) -> None:
    json.dump(values, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


def _show_tests(found: PolicyTests) -> None:
    show(
        ("RESULT", "TEST", "WHERE", "WHY"),
        [(one.outcome, one.name, f"{printable(one.path)}:{one.line}", one.note) for one in found.tests],
    )
    passed = sum(one.outcome == "passed" for one in found.tests)
    typer.echo(f"{passed} of {len(found.tests)} passed.")
    for name in found.untested:
        typer.echo(f"warning: no test asks the policy `{name}`.", err=True)


def _show_ruling(ruling: Ruling) -> None:
    for one in ruling.conclusion.findings:
        place = f"{printable(one.place)}: " if one.place else ""
        typer.echo(f"{one.severity:<8} {place}{one.message} [{one.rule}] {one.fix}".rstrip())
    typer.echo(f"{ruling.conclusion.outcome}: {len(ruling.rules)} policies were asked.")
