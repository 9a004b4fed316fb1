"""How large a step a new version must make after the one that our registry serves, or who allowed less."""

from collections.abc import Iterable
from dataclasses import replace

from gate.checks import CHECKS
from gate.conclusion import Conclusion
from gate.proof.prover import compare_files
from gate.proof.values import Proof
from gate.report import Finding, Outcome, Report, Verdict
from registry.services import steps
from registry.services.steps import Earlier
from registry.storage.port import ObjectMissingError, archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, unpack
from tfmodule.bumps import is_enough
from tfmodule.files import FileMap
from tfmodule.version import Version
from workers.context import JobContext

RULE = "upgrade"
_CHECK = next(check for check in CHECKS if check.id == RULE)
_MOST_REASONS = 5
_FIRST = Version(0, 0, 0)


def with_step(ctx: JobContext, report: Report, module: Iterable[Entry], address: Address, version: Version) -> Report:
    """The report, with what the step of the version says: refused where it is too small and nobody allowed it.

    The first version of a module may have any number, and its report says nothing of a step.
    """
    with ctx.read() as session:
        before = steps.earlier(session, address, version)
        allowance = steps.allowance(session, address, version)
    if before is None:
        return report
    proof = _proof(ctx, before, module, version)
    open_ = " ".join(proof.undecided)
    if proof.allows(before.version, version):
        return _with(report, "passed", note=open_)
    message = (
        f"The step from {before.version} to {version} is too small for what changed: it asks for "
        f"{proof.least_version(before.version)} or higher. {_reasons(proof)}"
    )
    if allowance is not None:
        message += f" {allowance.actor} allowed it: {allowance.reason}"
        return _with(report, "passed", Finding(RULE, "warning", message, check=RULE), note=open_)
    fix = (
        f"Publish it as {proof.least_version(before.version)}, or keep what changed. Where the step is meant, an "
        f'operator allows it: `terrasmith version allow-step {address} {version} --reason "…"`.'
    )
    return _with(report, "failed", Finding(RULE, "error", message, fix=fix, check=RULE), note=open_)


def least_version(ctx: JobContext, module: Iterable[Entry], address: Address) -> Version:
    """The least version after the highest release; `0.0.0` where nothing was published yet."""
    with ctx.read() as session:
        before = steps.earlier(session, address, None)
    return _proof(ctx, before, module, before.version).least_version(before.version) if before else _FIRST


def _proof(ctx: JobContext, before: Earlier, module: Iterable[Entry], version: Version) -> Proof:
    """Only as much as decides: an engine is asked where the interface alone leaves a doubt."""
    try:
        with ctx.environment.storage.open(archive_key(before.sha256)) as stream:
            old = {entry.path: entry.data for entry in unpack(stream)}
    except ObjectMissingError:
        # A sweep tells the operator of it; that shall not end all publications of the module.
        return Proof(note=f"The archive of {before.version} is not in the storage, so nothing was compared with it.")
    new = {entry.path: entry.data for entry in module}
    static = Proof(compare_files(old, new).changes)
    largest = is_enough(before.version, version, "major")
    if static.bump == "major" or largest or _code(old) == _code(new):
        return static
    return ctx.environment.prove(old, new)


def _code(files: FileMap) -> dict[str, bytes]:
    """What a plan is made of: everything but the documents, the examples and the tests."""
    beside = ("examples/", "tests/", "test/")
    return {path: data for path, data in files.items() if not path.startswith(beside) and not path.endswith(".md")}


def _reasons(proof: Proof) -> str:
    shown = [f"{reason[:1].upper()}{reason[1:]}." for reason in proof.reasons[:_MOST_REASONS]]
    more = len(proof.reasons) - len(shown)
    return " ".join([*shown, *([f"And {more} more."] if more else [])])


def _with(report: Report, outcome: Outcome, *findings: Finding, note: str = "") -> Report:
    """The report with this in the place of what the gate, which knows no other version, said of the upgrade."""
    result = _CHECK.result(Conclusion(outcome, findings, note), 0.0)
    places = [one.id for one in report.checks]
    at = places.index(RULE) if RULE in places else len(places)
    verdict: Verdict = "refused" if outcome == "failed" else report.verdict
    checks = (*report.checks[:at], result, *report.checks[at + 1 :])
    return replace(report, checks=checks, findings=(*report.findings, *findings), verdict=verdict)
