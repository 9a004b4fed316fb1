"""`terrasmith check`: the gate on a folder of this machine, before anybody pushes it. Changes it only when told to."""

import difflib
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from core import settings
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.fixes import mended, with_meant_names
from gate.formatting import formatter
from gate.judge import judge
from gate.modules import NO_MODULES
from gate.policies.organisation import NO_ORGANISATION, Organisation
from gate.policy import operators_policy
from gate.report import Report
from gate.reports.formats import FORMATS, Format, written
from gate.reports.terminal import show
from gate.sandbox.probe import warning
from gate.scanning.scanners import make_scanner
from terrasmith.called_modules import fetch
from terrasmith.module_folder import differences, read_folder, write_files
from terrasmith.policy_folder import read_policies
from terrasmith.scanning import scanner_settings
from tfmodule.files import FileMap, printable

ShownFormat = Literal["terminal", "json", "sarif", "junit", "markdown", "github"]
_EXIT = {"passed": 0, "refused": 1, "undecided": 2}


class ProfileName(StrEnum):
    """How much is asked of the module."""

    SAFETY = "safety"
    HOUSE = "house"


def check(  # noqa: PLR0913 - each is an option of the command
    directory: Annotated[Path, typer.Argument(help="The module's folder.")],
    *,
    profile: Annotated[ProfileName, typer.Option(help="safety, or house with documentation, tests and score.")] = (
        ProfileName.HOUSE
    ),
    form: Annotated[
        ShownFormat, typer.Option("--format", help="github writes annotations for a workflow of GitHub Actions.")
    ] = "terminal",
    output: Annotated[
        list[str] | None,
        typer.Option(help="FORMAT=FILE: write the report there as well; may be given often.", show_default=False),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend in the folder what can be mended for sure.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would write, and write nothing.")] = False,
    policy: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Ask the policies of this folder too.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="List the checks that have nothing to say as well.")] = False,
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry whose modules may be called.", show_default=False)
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="TERRASMITH_TOKEN", help="For private modules that are called.", show_default=False)
    ] = "",
) -> None:
    """Judge a module. Exit 0: passed. 1: refused, with findings. 2: nobody could judge, and why."""
    form = "json" if json_output else form
    try:
        outputs = [_output(text) for text in output or ()]
        write = fix and not diff
        changed = (fix or diff) and _mend(directory, mended, write=write)
        report = judged(directory, profile, url, token, policy)
        if fix or diff:
            # Only the providers know which names there are, and who judged has asked them.
            renamed = _mend(directory, lambda files: with_meant_names(files, report.findings), write=write)
            report = judged(directory, profile, url, token, policy) if renamed and write else report
            if not changed and not renamed:
                typer.echo("nothing to mend", err=True)
        _tell(report, form, outputs, directory, every=every)
    except UserError as error:
        # 1 is kept for a module that was judged: a script must be able to tell a bad module from a mistyped path.
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(_EXIT[report.verdict])


def judged(directory: Path, profile: ProfileName, url: str, token: str, policies: Path | None = None) -> Report:
    """What the gate says of a folder."""
    configured = settings.load("check")  # a wrong setting is told before anything else
    files = read_folder(directory)
    organisation = Organisation(read_policies(policies).bundle) if policies is not None else NO_ORGANISATION
    modules = fetch(files, url, token or None) if url else NO_MODULES
    policy = operators_policy(configured.allowed_providers, configured.allowed_module_hosts, configured.provider_hashes)
    scanner = make_scanner(scanner_settings(configured))
    if loud := warning(configured.sandbox):
        typer.echo(f"warning: {loud}", err=True)
    return judge(
        files,
        profile=profile.value,
        engine=engine_settings(),
        policy=policy,
        modules=modules,
        scanner=scanner,
        organisation=organisation,
    )


def engine_settings() -> EngineSettings:
    configured = settings.load("check")
    return EngineSettings(
        terraform=configured.terraform,
        provider_mirror=configured.provider_mirror,
        sandbox=configured.sandbox,
        timeout_seconds=configured.engine_timeout_seconds,
        memory_bytes=configured.engine_memory_mib << 20,
        socket=configured.engine_socket,
    )


def _mend(directory: Path, mend: Callable[[FileMap], FileMap], *, write: bool) -> bool:
    """Whether something had another form than the right one. It is told on standard error, and written if asked."""
    files = read_folder(directory)
    after = mend(files)
    # What was renamed may want other blanks before its `=`.
    changed = differences(files, formatter(engine_settings())(after) if mend is mended or after != files else after)
    if write:
        write_files(directory, changed)
    for path, data in changed.items():
        if write:
            typer.echo(f"mended {printable(path)}", err=True)
        else:
            sys.stderr.writelines(_difference(path, files, data))
    return bool(changed)


def _difference(path: str, files: FileMap, after: bytes) -> list[str]:
    old, new = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (files.get(path, b""), after))
    name = printable(path)
    return [line if line.endswith("\n") else line + "\n" for line in difflib.unified_diff(old, new, name, name)]


def _output(text: str) -> tuple[Format, Path]:
    form, _, path = text.partition("=")
    for known in FORMATS:
        if form == known and path:
            return known, Path(path)
    raise UserError(f"--output wants FORMAT=FILE, with one of {', '.join(FORMATS)}; `{printable(text)}` is not that.")


def _tell(
    report: Report, form: ShownFormat, outputs: list[tuple[Format, Path]], directory: Path, *, every: bool
) -> None:
    for wanted, path in outputs:
        try:
            path.write_text(written(report, wanted, prefix=_prefix(directory)), encoding="utf-8")
        except OSError as error:
            raise UserError(f"`{printable(str(path))}` cannot be written: {error.strerror}.") from None
    if form == "terminal":
        show(report, Console(), every=every)
    else:
        sys.stdout.write(written(report, form, prefix=_prefix(directory)))


def _prefix(directory: Path) -> str:
    """Where the module lies in the repository, when the command is run from its root as workflows do."""
    if directory.is_absolute():
        inside = directory.resolve().is_relative_to(Path.cwd())
        relative = directory.resolve().relative_to(Path.cwd()) if inside else Path()
    else:
        relative = directory
    text = relative.as_posix()
    return "" if text == "." or text.startswith("..") else text
