"""`terrasmith conformance`: every line of the protocol asked of a registry, and a table of what came."""

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer
from rich.console import Console
from rich.text import Text

from core.errors import UserError
from terrasmith.conformance.outcome import MismatchError, Result
from terrasmith.conformance.subject import DISCOVERY, Subject
from terrasmith.conformance.table import run
from terrasmith.conformance.writing import find_publisher
from terrasmith.visitor import Terraform, find_terraform
from tfmodule.address import Address, InvalidAddressError

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not run": ("–", "dim")}
_NOTHING_TO_ASK = 2
_NOT_THERE = frozenset({401, 403, 404})


def conformance(
    url: Annotated[str, typer.Argument(help="The registry's address, as https://registry.example.com.")],
    module: Annotated[
        str | None, typer.Option(help="A module to ask about, as NAMESPACE/NAME/SYSTEM; best one with many versions.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="TERRASMITH_TOKEN", help="A token that may read it.", show_default=False),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Publish too, beside the module: NAME-conformance. Nobody can undo it.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Hold a module registry to the protocol. Exit 0: what ran has passed. 1: something failed. 2: nothing to ask.

    Nothing to ask is a registry that does not answer, or one that lists no versions of the module.
    """
    base = _base_url(url)
    clients = find_clients()
    publisher = find_publisher(base, token) if write else None
    subject = Subject(base, _address(module), token, clients, publisher)
    try:
        _reach(subject)
        _find_module(subject)
        results = []
        console = Console(stderr=json_output, soft_wrap=True)
        for result in run(subject):
            results.append(result)
            if not json_output:
                _show(console, result)
    finally:
        subject.close()
    if json_output:
        json.dump(_report(subject, results), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        console.print(_summary(results))
    raise typer.Exit(1 if any(one.outcome == "failed" for one in results) else 0)


def find_clients() -> tuple[Terraform, ...]:
    """Every CLI of this machine that installs modules; none is an answer too."""
    found = tuple(Terraform((path,), name) for name in ("terraform", "tofu") if (path := shutil.which(name)))
    if found:
        return found
    try:
        return (find_terraform(),)
    except UserError:
        return ()


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise typer.BadParameter(f"`{url}` is no address of a registry: write https://HOST[:PORT].")
    return url.rstrip("/")


def _address(module: str | None) -> Address | None:
    try:
        return Address.parse(module) if module is not None else None
    except InvalidAddressError as error:
        raise typer.BadParameter(error.message, param_hint="--module") from None


def _reach(subject: Subject) -> None:
    try:
        subject.get(DISCOVERY, signed_in=False)
    except httpx.TransportError as error:
        reason = subject.shown(str(error) or type(error).__name__)
        print(f"terrasmith: {subject.base_url} does not answer: {reason}", file=sys.stderr)
        raise typer.Exit(_NOTHING_TO_ASK) from None


def _find_module(subject: Subject) -> None:
    """Nothing about a module that is not there can be shown: one line instead of a failure for each check."""
    try:
        answer = subject.versions if subject.module is not None else None
    except (MismatchError, httpx.HTTPError, UserError, ValueError):
        return  # the checks say what is wrong
    if answer is None or answer.status_code not in _NOT_THERE:
        return
    why = "there is none, or the token does not read it" if subject.token else "there is none, or it needs a --token"
    said = f"{subject.base_url} lists no versions of {subject.module}: it answers {answer.status_code} ({why})."
    print(f"terrasmith: {said}", file=sys.stderr)
    raise typer.Exit(_NOTHING_TO_ASK)


def _show(console: Console, result: Result) -> None:
    mark, colour = _MARKS[result.outcome]
    line = Text.assemble((mark, colour), f" {result.id:<4}{result.by:<7} {result.title}")
    if result.outcome == "failed":
        line.append(f"\n    expected: {result.expected}\n    got:      {result.got}", colour)
    elif result.reason:
        line.append(f" (not run: {result.reason})", colour)
    console.print(line)


def _counts(results: Sequence[Result]) -> dict[str, int]:
    return {name: sum(one.outcome == name for one in results) for name in _MARKS}


def _summary(results: Sequence[Result]) -> str:
    return ", ".join(f"{count} {name}" for name, count in _counts(results).items()) + "."


def _report(subject: Subject, results: Sequence[Result]) -> dict[str, Any]:
    return {
        "url": subject.base_url,
        "module": str(subject.module) if subject.module else None,
        "clients": [one.name for one in subject.clients],
        "counts": {name.replace(" ", "_"): count for name, count in _counts(results).items()},
        "results": [one.to_dict() for one in results],
    }
