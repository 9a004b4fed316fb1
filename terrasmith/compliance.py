"""`terrasmith compliance`: what the gate's reports show of a framework's requirements. Gives evidence, no verdict.

A folder is judged here; of what is published the registry is asked, over HTTP alone.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from core.errors import UserError
from gate.compliance import framework as frameworks
from gate.compliance import known
from gate.compliance.evidence import Assessment, Scope, Subject, assess
from gate.compliance.formats import written
from gate.compliance.framework import Framework
from gate.compliance.terminal import show
from gate.report import Report
from terrasmith.check import ProfileName, judged
from terrasmith.registry_client import RegistryClient, RegistryError
from tfmodule.address import Address
from tfmodule.files import printable

ShownFormat = Literal["terminal", "json", "csv", "markdown"]
_NAMESPACE = re.compile(r"[0-9A-Za-z_-]{1,64}")


def compliance(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DIR|ADDRESS[@VERSION]|NAMESPACE",
            help="A folder that is there; else a module of the registry, or all modules of a namespace.",
            show_default=False,
        ),
    ],
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
        if Path(target).is_dir():
            assessment = assess(chosen, "folder", ".", [Subject(".", judged(Path(target), profile, url, token))])
        else:
            assessment = assess(chosen, *_published(target, url, token))
        tell(assessment, form, output)
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


def _published(target: str, url: str, token: str) -> tuple[Scope, str, list[Subject]]:
    """The modules that a target names; their reports are those that they were published with."""
    name, _, version = target.partition("@")
    is_module = name.count("/") == 2
    if not is_module and not _NAMESPACE.fullmatch(target):
        raise UserError(
            f"`{printable(target)}` is no folder, no NAMESPACE/NAME/SYSTEM with or without @VERSION, and no namespace."
        )
    if not url:
        raise UserError(f"There is no folder `{printable(target)}`. To ask a registry for it, name one with --url.")
    with RegistryClient(url, token or None) as registry:
        if is_module:
            subject = subject_of(registry.findings(Address.parse(name), version or "latest"))
            return "module", subject.name, [subject]
        listed = [(_text(one, "address"), _text(one, "latest_version")) for one in registry.modules(target)]
        if not listed:
            raise UserError(f"There is no namespace `{target}`, or none of its modules may be read by you.")
        subjects = [subject_of(registry.findings(Address.parse(address), newest)) for address, newest in listed]
    return "namespace", subjects[0].address.partition("/")[0], subjects


def subject_of(answer: Mapping[str, Any]) -> Subject:
    """What a registry says of a version; it may say anything."""
    try:
        report = TypeAdapter(Report).validate_python(answer) if answer.get("verdict") is not None else None
    except ValidationError as error:
        raise RegistryError("The registry tells its findings in a form that this release cannot read.") from error
    told = [_text(answer, name) for name in ("version", "sha256", "published_at")]
    return Subject(_text(answer, "address"), report, *told)


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(value, str):
        raise RegistryError("The registry tells of its modules in a form that this release cannot read.")
    return printable(value)


def tell(assessment: Assessment, form: ShownFormat, output: Path | None) -> None:
    """On the terminal, on standard output, or into a file."""
    if form == "terminal":
        show(assessment, Console())
    elif output is None:
        typer.echo(written(assessment, form), nl=False)
    else:
        try:
            output.write_bytes(written(assessment, form).encode())
        except OSError as error:
            raise UserError(f"`{printable(str(output))}` cannot be written: {error.strerror}.") from None
