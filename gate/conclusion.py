"""What one check concludes: an outcome, its findings, and for a check of points the share that was earned."""

from collections.abc import Iterable
from dataclasses import dataclass

from gate.report import Finding, Outcome

MOST_FINDINGS = 100
"""That one check of style tells: whoever has more needs no longer list."""


@dataclass(frozen=True)
class Conclusion:
    """`share` is of 1; without one, a check earns all of its points or none."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    note: str = ""
    share: float | None = None


PASSED = Conclusion("passed")
SKIPPED = Conclusion("skipped")


def not_applicable(note: str) -> Conclusion:
    """There is nothing here that the check could look at, and why."""
    return Conclusion("not-applicable", note=note)


def gated(findings: Iterable[Finding]) -> Conclusion:
    """Of a gate: an error fails it, anything else is a remark."""
    found = tuple(findings)
    return Conclusion("failed" if any(finding.severity == "error" for finding in found) else "passed", found)


def counted(findings: Iterable[Finding], considered: int | None = None, nothing: str = "") -> Conclusion:
    """Of a check of points: every finding but a note costs one of the places that were looked at.

    Without `considered` any finding costs all. With none to look at the check does not apply, and `nothing` says what
    there was not.
    """
    if considered == 0:
        return not_applicable(nothing or "The module has nothing of the kind.")
    found = tuple(dict.fromkeys(findings))
    wrong = sum(finding.severity != "note" for finding in found)
    if not wrong:
        return Conclusion("passed", found)
    share = 0.0 if considered is None else max(0.0, 1 - wrong / considered)
    note = f"The first {MOST_FINDINGS} of {len(found)} findings are told." if len(found) > MOST_FINDINGS else ""
    return Conclusion("failed", found[:MOST_FINDINGS], note, share)
