"""How large a step a new version must make after the one that our registry serves, or who allowed less."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.releases import next_version
from bot.version_text import NextVersion
from core.errors import UserError
from gate.material import Evidence
from gate.policies.organisation import Step
from gate.proof.prover import compare_files
from gate.proof.values import Proof
from gate.report import Finding, Report
from gate.weighing import with_evidence
from registry.services import steps
from registry.services.steps import Allowance, Earlier
from registry.storage.port import ObjectMissingError, archive_key
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry, unpack
from tfmodule.bumps import is_enough, least_version
from tfmodule.files import FileMap
from tfmodule.version import Version
from workers.context import JobContext

RULE = "upgrade"
_MOST_REASONS = 5
_FIRST = Version(0, 0, 0)


class NotComparableError(UserError):
    """There is an earlier version, and its archive cannot be read: nobody can say how large a step is needed."""


@dataclass(frozen=True)
class Compared:
    """A module beside the version that users come from. The proof is empty where `problem` says why there is none."""

    before: Version
    proof: Proof
    problem: str = ""


def compared(ctx: JobContext, module: Iterable[Entry], address: Address, version: Version | None) -> Compared | None:
    """With the highest release below a version, or with the highest; None where the module has no earlier one."""
    with ctx.read() as session:
        before = steps.earlier(session, address, version)
    return _compared(ctx, before, module, version or before.version) if before is not None else None


def with_step(ctx: JobContext, report: Report, module: Iterable[Entry], address: Address, version: Version) -> Report:
    """The report, with what the step of the version says: refused where it is too small and nobody allowed it.

    Undecided where nobody could compare. The first version of a module may have any number, and its report says nothing
    of a step.
    """
    entries = tuple(module)
    found = compared(ctx, entries, address, version)
    with ctx.read() as session:
        allowance = steps.allowance(session, address, version)
    evidence = Evidence(guarded=True, version=str(version))
    if found is not None:
        evidence = _evidence(found, address, version, allowance)
    return with_evidence(report, {entry.path: entry.data for entry in entries}, evidence)


def with_preview(
    ctx: JobContext, report: Report, module: Iterable[Entry], address: Address, taken: Iterable[Version] | None
) -> tuple[Report, NextVersion]:
    """What the next version would be if the module were merged as it is, and the report with what that showed.

    `taken` are the versions that a merge would count on from; None where versions come from tags alone.
    """
    entries = tuple(module)
    found = compared(ctx, entries, address, None)
    if found is None:
        return report, NextVersion(next=next_version(taken) if taken is not None else None)
    if found.problem:
        return report, NextVersion(before=found.before, problem=f"{found.problem} {_restore(found.before)}")
    least = found.proof.least_version(found.before)
    evidence = Evidence(guarded=True, idempotent=found.proof.repeated)
    shown = NextVersion(
        next=max(next_version(taken), least) if taken is not None else None,
        before=found.before,
        least=least,
        bump=found.proof.bump,
        reasons=found.proof.reasons,
        open=found.proof.undecided,
    )
    return with_evidence(report, {entry.path: entry.data for entry in entries}, evidence), shown


def declared_step(ctx: JobContext, module: Iterable[Entry], address: Address, version: Version | None) -> Step | None:
    """From the version that users come from, as far as the declarations show; None where there is none, or no archive.

    No engine is asked.
    """
    with ctx.read() as session:
        before = steps.earlier(session, address, version)
    old = _earlier_files(ctx, before) if before is not None else ""
    if before is None or isinstance(old, str):
        return None
    return Step(before.version, compare_files(old, {entry.path: entry.data for entry in module}).changes)


def least_after_highest(ctx: JobContext, module: Iterable[Entry], address: Address) -> Version:
    """The least version after the highest release; `0.0.0` where nothing was published yet.

    Raises NotComparableError rather than choose a number that nobody could answer for.
    """
    found = compared(ctx, module, address, None)
    if found is None:
        return _FIRST
    if found.problem:
        largest = least_version(found.before, "major")
        raise NotComparableError(
            f"{found.problem} So no number was chosen for the merge. {_restore(found.before)} Or push the tag "
            f"`v{largest}` on the merge: that step is large enough for whatever changed."
        )
    return found.proof.least_version(found.before)


def _evidence(found: Compared, address: Address, version: Version, allowance: Allowance | None) -> Evidence:
    proof, least = found.proof, str(found.proof.least_version(found.before))
    open_ = " ".join(proof.undecided)
    largest = is_enough(found.before, version, "major")
    if found.problem and not largest and allowance is None:
        fix = f"{_restore(found.before)} {_or_allow(address, version)}"
        finding = Finding(RULE, "warning", f"{found.problem} Nobody knows whether its step is enough.", fix=fix)
        return Evidence(guarded=True, version=str(version), incomparable=finding)
    if found.problem:
        said = "The step is large enough for whatever changed." if largest else _allowed(allowance)
        note = Finding(RULE, "warning", f"{found.problem} {said}")
        return Evidence(guarded=True, version=str(version), upgrade=(note,))
    if proof.allows(found.before, version):
        return Evidence(True, str(version), least, (), open_, idempotent=proof.repeated)
    message = (
        f"The step from {found.before} to {version} is too small for what changed: it asks for "
        f"{least} or higher. {_reasons(proof)}"
    )
    if allowance is not None:
        finding = Finding(RULE, "warning", f"{message} {_allowed(allowance)}")
        return Evidence(True, str(version), "", (finding,), open_, idempotent=proof.repeated)
    fix = f"Publish it as {least}, or keep what changed. {_or_allow(address, version)}"
    return Evidence(True, str(version), least, (Finding(RULE, "error", message, fix=fix),), open_)


def _compared(ctx: JobContext, before: Earlier, module: Iterable[Entry], version: Version) -> Compared:
    """Only as much as decides: an engine is asked where the interface alone leaves a doubt."""
    old = _earlier_files(ctx, before)
    if isinstance(old, str):
        return Compared(before.version, Proof(), old)
    new = {entry.path: entry.data for entry in module}
    static = Proof(compare_files(old, new).changes)
    largest = is_enough(before.version, version, "major")
    if static.bump == "major" or largest or _code(old) == _code(new):
        return Compared(before.version, static)
    return Compared(before.version, ctx.environment.prove(old, new))


def _earlier_files(ctx: JobContext, before: Earlier) -> FileMap | str:
    """The files of a version, or why they cannot be had."""
    try:
        with ctx.environment.storage.open(archive_key(before.sha256)) as stream:
            return {entry.path: entry.data for entry in unpack(stream)}
    except ObjectMissingError:
        return f"The archive of {before.version} is not in the storage."
    except ArchiveError as error:
        return f"The archive of {before.version} cannot be read: {error.message}"


def _code(files: FileMap) -> dict[str, bytes]:
    """What a plan is made of: everything but the documents, the examples and the tests."""
    beside = ("examples/", "tests/", "test/")
    return {path: data for path, data in files.items() if not path.startswith(beside) and not path.endswith(".md")}


def _reasons(proof: Proof) -> str:
    shown = [f"{reason[:1].upper()}{reason[1:]}." for reason in proof.reasons[:_MOST_REASONS]]
    more = len(proof.reasons) - len(shown)
    return " ".join([*shown, *([f"And {more} more."] if more else [])])


def _restore(before: Version) -> str:
    return f"Put the archive of {before} back from a backup of the storage, and try again."


def _or_allow(address: Address, version: Version) -> str:
    command = f'`terrasmith version allow-step {address} {version} --reason "…"`'
    return f"Where the step is meant, an operator allows it: {command}."


def _allowed(allowance: Allowance | None) -> str:
    return f"{allowance.actor} allowed it: {allowance.reason}" if allowance is not None else ""
