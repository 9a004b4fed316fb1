"""`terrasmith diff`: what changed between two versions of a module for its users, and how large a step that asks for.

Reads folders, archives and a registry; writes nothing. Exit 0: told. 1: --fail-on is reached. 2: nobody could tell.
"""

import json
import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core import settings
from core.errors import UserError
from gate.policy import operators_policy
from gate.proof.note import upgrade_note
from gate.proof.prover import compare_files, prove
from gate.proof.values import Proof, sentence
from terrasmith.check import engine_settings
from terrasmith.module_folder import read_folder
from terrasmith.registry_client import RegistryClient
from tfmodule import archive
from tfmodule.address import Address
from tfmodule.archive import DEFAULT_LIMITS
from tfmodule.files import FileMap, printable
from tfmodule.version import Version

TOLD, REACHED, UNKNOWN = 0, 1, 2
_REMOTE = re.compile(r"([\w.-]+/[\w.-]+/[\w.-]+)@(.+)")
_SIZES = {None: 0, "patch": 1, "minor": 2, "major": 3}


class Step(StrEnum):
    """How large a step may be before `--fail-on` says no."""

    MAJOR = "major"
    MINOR = "minor"


@dataclass(frozen=True)
class _Side:
    files: FileMap
    version: Version | None = None


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The older: a folder, an archive, or ADDRESS@VERSION.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The newer, in the same forms.")],
    *,
    proving: Annotated[
        bool, typer.Option("--prove", help="Plan the upgrade with a real Terraform and mocked providers too.")
    ] = False,
    note: Annotated[bool, typer.Option("--note", help="Print an UPGRADE note in Markdown instead.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    fail_on: Annotated[
        Step | None, typer.Option(help="Exit 1 where at least such a step is needed.", show_default=False)
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry of ADDRESS@VERSION.", show_default=False)
    ] = "",
    token: Annotated[
        str | None, typer.Option(envvar="TERRASMITH_TOKEN", help="For private modules.", show_default=False)
    ] = None,
) -> None:
    """What changed from A to B for users, and the least step of the version. ADDRESS is NAMESPACE/NAME/SYSTEM.

    Exit 0: told. 1: --fail-on is reached. 2: it could not be told: a wrong argument, or --prove left something open.
    """
    try:
        if note and json_output:
            raise UserError("Say either --note or --json, not both.")
        old, new = (_side(text, url, token) for text in (before, after))
        proof = _proof(old, new) if proving else _static(old, new)
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(UNKNOWN) from None
    if json_output:
        json.dump(_values(proof, old, new), sys.stdout, indent=2, sort_keys=True)
        sys.stdout.write("\n")
    elif note:
        sys.stdout.write(upgrade_note(proof, old.version, new.version))
    else:
        _show(proof, old, new)
    if fail_on is not None and _SIZES[proof.bump] >= _SIZES[fail_on.value]:
        raise typer.Exit(REACHED)
    if proving and proof.undecided:
        raise typer.Exit(UNKNOWN)


def _proof(old: _Side, new: _Side) -> Proof:
    configured = settings.load("check")
    policy = operators_policy(configured.allowed_providers, configured.allowed_module_hosts)
    return prove(old.files, new.files, engine=engine_settings(), policy=policy)


def _static(old: _Side, new: _Side) -> Proof:
    return Proof(compare_files(old.files, new.files).changes)


def _side(text: str, url: str, token: str | None) -> _Side:
    path = Path(text)
    if path.is_dir():
        return _Side(read_folder(path))
    if path.is_file():
        return _Side(_unpacked(_bytes(path)))
    match = _REMOTE.fullmatch(text)
    if match is None:
        shown = printable(text)
        raise UserError(f"`{shown}` is no folder, no archive and not NAMESPACE/NAME/SYSTEM@VERSION.")
    if not url:
        raise UserError(f"Say with --url which registry has `{printable(text)}`.")
    address, version = Address.parse(match[1]), Version.parse(match[2])
    with RegistryClient(url, token) as registry:
        download = registry.download(address, version)
    if download.checksum != archive.sha256(download.data):
        raise UserError(f"The archive of `{address}` {version} is not what the registry says it is.")
    return _Side(_unpacked(download.data), version)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DEFAULT_LIMITS.compressed + 1)
    except OSError as error:
        raise UserError(f"`{printable(str(path))}` cannot be read: {error.strerror}.") from None


def _unpacked(data: bytes) -> FileMap:
    return {entry.path: entry.data for entry in archive.unpack(data)}


def _values(proof: Proof, old: _Side, new: _Side) -> dict[str, object]:
    least = proof.least_version(old.version) if old.version else None
    enough = proof.allows(old.version, new.version) if old.version and new.version else None
    return {**proof.to_dict(), "least_version": str(least) if least else None, "enough": enough}


def _show(proof: Proof, old: _Side, new: _Side) -> None:
    for change in proof.changes:
        typer.echo(f"{change.bump:<6} {printable(sentence(change))}")
    for scenario in proof.scenarios:
        typer.echo(f"{scenario.name}: {scenario.verdict}")
        for text in (*scenario.problems, *(f"{one.address} {one.why}" for one in scenario.changes)):
            typer.echo(f"  {printable(text)}")
    for text in proof.undecided:
        typer.echo(f"not known: {printable(text)}")
    typer.echo(f"step: {proof.bump or 'patch'}{_least(proof, old, new)}")


def _least(proof: Proof, old: _Side, new: _Side) -> str:
    if old.version is None:
        return " (nothing that users see changed)" if proof.bump is None else ""
    text = f"; after {old.version} that is {proof.least_version(old.version)} or higher"
    if new.version is not None and not proof.allows(old.version, new.version):
        text += f", and {new.version} is too small"
    return text
