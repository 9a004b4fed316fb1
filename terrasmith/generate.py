"""`terrasmith generate`: a module from a sentence, on this machine: the bot's own loop, into a folder instead of a
pull request. Asks Claude where TERRASMITH_ANTHROPIC_API_KEY is set, and takes a template where it is not.

What did not pass is written all the same, because it may have cost money; the exit code says so.
"""

import difflib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core import settings
from core.errors import Transient, UserError
from gate.formatting import formatter
from gate.judge import judge
from gate.policy import operators_policy
from gate.proof.prover import prove
from gate.report import Report
from gate.sandbox.probe import warning
from gate.scanning.scanners import make_scanner
from generator.loop import generate as write
from generator.repairing import Judge
from generator.request import Ask, Draft, Proposal, RefusedDraftError, Usage
from generator.template_writer import TemplateWriter
from generator.writers import make_writer
from generator.writing import Writer
from terrasmith.check import engine_settings
from terrasmith.module_folder import differences, read_folder, write_files
from terrasmith.scanning import scanner_settings
from terrasmith.templates import Folder, all_templates
from tfmodule.address import repository_name
from tfmodule.files import FileMap, printable

_EXIT = {"passed": 0, "refused": 1, "undecided": 2}


def generate(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="What the module must create, in a sentence.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where it goes; else terraform-SYSTEM-NAME here.", show_default=False),
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="The module's name.", show_default=False)] = None,
    system: Annotated[str | None, typer.Option(help="Its main provider, such as aws.", show_default=False)] = None,
    namespace: Annotated[str, typer.Option(help="The organisation that its address names.")] = "example",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")] = False,
    templates: Folder = None,
    keyless: Annotated[bool, typer.Option("--keyless", help="Take a template even where there is a key.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Tell the outcome as JSON.")] = False,
) -> None:
    """Write a module from a sentence. Exit 0: proven. 1: it did not pass, and why. 2: nobody could make or judge it."""
    try:
        report = _generate(
            Ask(request, name, system, namespace),
            out,
            _writer(templates, keyless=keyless),
            dry_run=dry_run,
            overwrite=overwrite,
            json_output=json_output,
        )
    except Transient as error:
        typer.echo(f"terrasmith: {error.message} Try again in a moment.", err=True)
        raise typer.Exit(2) from None
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(_EXIT[report.verdict])


def _writer(templates: Path | None, *, keyless: bool) -> Writer:
    configured = settings.load("check")
    key = configured.anthropic_api_key
    if keyless or key is None:
        return TemplateWriter(all_templates(templates))
    return make_writer(key.get_secret_value(), configured.anthropic_base_url, configured.anthropic_model)


def _generate(
    ask: Ask, out: Path | None, writer: Writer, *, dry_run: bool, overwrite: bool, json_output: bool
) -> Report:
    if out is not None:
        _check_free(out, overwrite=overwrite or dry_run)
    outcome: Draft | Proposal
    refused = ""
    try:
        draft = write(
            ask,
            writer=writer,
            judge=house_judge(),
            progress=_progress,
            formatter=formatter(engine_settings()),
            compare=lambda before, after: prove(before, after, engine=engine_settings()),
        )
        report, outcome = draft.report, draft
    except RefusedDraftError as error:
        report, outcome, refused = error.report, error.proposal, error.message
    target = out or Path(repository_name(outcome.system, outcome.name))
    _check_free(target, overwrite=overwrite or dry_run)
    before = read_folder(target) if _filled(target) else {}
    changed = differences(before, outcome.files)
    if dry_run:
        _show(before, changed)
    else:
        target.mkdir(parents=True, exist_ok=True)
        write_files(target, changed)
    if json_output:
        _tell_json(target, report, outcome, changed, written=not dry_run)
    else:
        _tell(target, report, outcome, changed, refused, written=not dry_run)
    return report


def house_judge() -> Judge:
    """The gate as `terrasmith check` asks it, whose settings are read once."""
    configured = settings.load("check")
    policy = operators_policy(configured.allowed_providers, configured.allowed_module_hosts, configured.provider_hashes)
    scanner = make_scanner(scanner_settings(configured))
    if loud := warning(configured.sandbox):
        typer.echo(f"warning: {loud}", err=True)
    return lambda files: judge(files, profile="house", engine=engine_settings(), policy=policy, scanner=scanner)


def _progress(_step: str, text: str) -> None:
    typer.echo(f"{text} …", err=True)


def _check_free(target: Path, *, overwrite: bool) -> None:
    """Before anything is paid for, where the folder is known by then."""
    if target.exists() and not target.is_dir():
        raise UserError(f"`{printable(str(target))}` is a file; `--out` names a folder.")
    if _filled(target) and not overwrite:
        raise UserError(
            f"`{printable(str(target))}` holds files already. Name another folder with `--out`, look at the "
            "differences with `--dry-run`, or replace those that differ with `--overwrite`."
        )


def _filled(target: Path) -> bool:
    return target.is_dir() and any(target.iterdir())


def _show(before: FileMap, changed: FileMap) -> None:
    """What would be written, as a difference that `git apply` understands."""
    for path, data in changed.items():
        old = before.get(path)
        lines = [] if old is None else old.decode("utf-8", "replace").splitlines(keepends=True)
        after = data.decode("utf-8", "replace").splitlines(keepends=True)
        source = "/dev/null" if old is None else f"a/{printable(path)}"
        for line in difflib.unified_diff(lines, after, source, f"b/{printable(path)}"):
            sys.stdout.write(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")


def _tell(
    target: Path, report: Report, outcome: Draft | Proposal, changed: FileMap, refused: str, *, written: bool
) -> None:
    shown = printable(str(target))
    for line in outcome.assumptions:
        typer.echo(f"- {line}", err=True)
    if outcome.usage is not None:
        typer.echo(_cost(outcome.usage), err=True)
    if refused:
        typer.echo(f"{refused}\n", err=True)
    score = "" if report.score is None else f", {report.score} of 100 points"
    typer.echo(f"{outcome.title}: {report.verdict}{score}, tier {report.tier}, {outcome.source}.", err=True)
    if not written:
        typer.echo(f"Nothing was written; without --dry-run {len(changed)} files would go to {shown}.", err=True)
    elif report.passed:
        typer.echo(f"{shown} holds it: {len(changed)} files. Look again with `terrasmith check {shown}`.", err=True)
    else:
        typer.echo(f"{shown} holds it as it is. Mend it, and ask again: `terrasmith check {shown}`.", err=True)


def _cost(usage: Usage) -> str:
    return (
        f"{usage.model}: {usage.calls} calls, {usage.input_tokens:,} tokens in and {usage.output_tokens:,} out, "
        f"{usage.cache_read_tokens:,} read from the cache."
    )


def _tell_json(target: Path, report: Report, outcome: Draft | Proposal, changed: FileMap, *, written: bool) -> None:
    values = {
        "directory": str(target),
        "written": written,
        "name": outcome.name,
        "system": outcome.system,
        "title": outcome.title,
        "source": outcome.source,
        "assumptions": list(outcome.assumptions),
        "usage": None if outcome.usage is None else asdict(outcome.usage),
        "files": sorted(changed),
        "report": report.to_dict(),
    }
    typer.echo(json.dumps(values, indent=2, sort_keys=True))
