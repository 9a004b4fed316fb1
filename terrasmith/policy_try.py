"""`terrasmith policy try`: what policies would say now of the versions that a namespace has. Changes nothing.

Exit 0: every version would be published again. 1: one would not. 2: the policies or the namespace cannot be used.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from accounts import policies
from core import settings
from core.db import Database
from core.errors import UserError
from gate.policies.bundle import Bundle
from gate.policies.decision import POLICIES, Case, Ruling, rulings
from gate.policies.organisation import Circumstances, Source, Step
from gate.proof.prover import compare_files
from gate.report import Overridden, Report
from registry.services import history, steps
from registry.services.history import Judged
from registry.storage.port import ObjectMissingError, Storage, archive_key
from terrasmith.columns import show
from terrasmith.database import open_database
from terrasmith.policy_folder import described_policies, read_policies
from tfmodule import archive
from tfmodule.archive import ArchiveError
from tfmodule.files import FileMap, printable

_OUTCOMES = {"passed": "published", "failed": "refused", "undecided": "undecided"}


class Form(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


def try_policies(
    namespace: Annotated[str, typer.Argument(metavar="NAMESPACE", show_default=False)],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the policies.", show_default=False)],
    form: Annotated[Form, typer.Option("--format", help="text, or json for programs.")] = Form.TEXT,
) -> None:
    """Say what policies would make of the versions that a namespace has already. Changes nothing.

    Exit 0: all would be published. 1: one would be refused, or nobody could tell. 2: it could not be tried.
    """
    # Here, so that the other commands of `policy` need not wait for it.
    from registry.storage.opening import open_storage

    try:
        folder = read_policies(directory)
        levels = {f"policy/{rule.id}": rule.level for rule in described_policies(folder)}
        with open_database() as database:
            storage = open_storage(settings.load("operator"))
            told = [_values(one, said, levels) for one, said in _tried(database, storage, namespace, folder.bundle)]
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    counts = dict.fromkeys(_OUTCOMES.values(), 0) | Counter(one["outcome"] for one in told)
    if form is Form.JSON:
        json.dump({"versions": told, "counts": counts}, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
        sys.stdout.write("\n")
    else:
        _show(told, counts)
    raise typer.Exit(0 if counts["published"] == len(told) else 1)


def _tried(
    database: Database, storage: Storage, namespace: str, bundle: Bundle
) -> Iterator[tuple[Judged, Ruling | str]]:
    """What is said of each version, or why nobody could be asked. Never holds all archives at once."""
    with database.read() as session:
        found = history.published(session, namespace)
    for address, versions in groupby(found, key=lambda one: one.address):
        with database.read() as session:
            holding = policies.overrides(session, address)
        overrides = tuple(Overridden(one.policy, one.actor, one.reason) for one in holding)
        for one in versions:
            case = _case(database, storage, one)
            yield one, case if isinstance(case, str) else next(rulings(bundle, [case], overrides))


def _case(database: Database, storage: Storage, one: Judged) -> Case | str:
    if [check.outcome for check in one.report.checks if check.id == "screen"] != ["passed"]:
        return "Its report does not say that the screen let it pass, so nothing reads it."
    files = _files(storage, one.sha256)
    if isinstance(files, str):
        return files
    with database.read() as session:
        before = steps.earlier(session, one.address, one.version)
    old = _files(storage, before.sha256) if before is not None else ""
    step = Step(before.version, compare_files(old, files).changes) if before and not isinstance(old, str) else None
    source: Source = "upload" if one.uploaded else "github"
    return _ungoverned(one.report), files, Circumstances(source, "", str(one.address), str(one.version), step)


def _ungoverned(report: Report) -> Report:
    """Without what the policies of that day said: those of today are not told it."""
    return replace(
        report,
        checks=tuple(one for one in report.checks if one.id != POLICIES.id),
        findings=tuple(one for one in report.findings if one.check != POLICIES.id),
    )


def _files(storage: Storage, sha256: str) -> FileMap | str:
    """What the archive holds, or why it cannot be read."""
    try:
        with storage.open(archive_key(sha256)) as stream:
            data = stream.read()
        if archive.sha256(data) != sha256:
            return "Its archive is not the one that was published. Put it back from a backup of the storage."
        return {entry.path: entry.data for entry in archive.unpack(data)}
    except ObjectMissingError:
        return "Its archive is not in the storage. Put it back from a backup."
    except ArchiveError as error:
        return f"Its archive cannot be read: {error.message}"


def _values(one: Judged, said: Ruling | str, levels: dict[str, Any]) -> dict[str, Any]:
    if isinstance(said, str):
        outcome, findings = "undecided", [{"policy": "", "level": "undecided", "severity": "warning", "message": said}]
    else:
        outcome = _OUTCOMES[said.conclusion.outcome]
        findings = [
            {
                "policy": finding.rule.removeprefix("policy/"),
                "level": "undecided" if finding in said.undecided else levels.get(finding.rule, "undecided"),
                "severity": finding.severity,
                "message": finding.message,
            }
            for finding in said.conclusion.findings
        ]
    return {
        "module": str(one.address),
        "version": str(one.version),
        "state": one.state,
        "outcome": outcome,
        "findings": findings,
    }


def _show(told: list[dict[str, Any]], counts: dict[str, int]) -> None:
    rows = [
        (
            one["module"],
            one["version"],
            one["outcome"],
            said["level"],
            said["policy"] or "-",
            printable(said["message"]),
        )
        for one in told
        for said in one["findings"] or [{"level": "-", "policy": "", "message": "-"}]
    ]
    if rows:
        show(("MODULE", "VERSION", "OUTCOME", "LEVEL", "POLICY", "SAYS"), rows)
    typer.echo(f"{len(told)} versions: {', '.join(f'{count} {name}' for name, count in counts.items())}.")
