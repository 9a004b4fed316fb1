"""From the results of the checks to score and verdict; and the same again, when more is known than at the judgement.

Runs nothing: what rests on evidence alone is weighed anew, all else stays as the report has it.
"""

from dataclasses import replace

from gate.checks import CHECKS, SCORE, Check
from gate.conclusion import Conclusion
from gate.material import Evidence, Material
from gate.policy import Policy
from gate.report import Finding, Report, Verdict
from tfmodule.files import FileMap

_LATE = ("changelog", "upgrade", "idempotent")
"""The checks that rest on text and on what is learned after the judgement: which version, what an upgrade does."""
_DEFAULT_POLICY = Policy()
_GRAVITY: dict[Verdict, int] = {"passed": 0, "undecided": 1, "refused": 2}


def scored(report: Report, least: int) -> Conclusion:
    """Whether the points are enough; and where they are not, what costs most."""
    score = report.score
    if score is None or any(one.kind == "gate" and one.outcome == "undecided" for one in report.checks):
        return Conclusion("skipped", note="Not everything could be counted.")
    note = f"{score} of 100; {least} are asked for."
    if score >= least:
        return Conclusion("passed", note=note)
    counted = (one for one in report.checks if one.of > one.points and one.outcome in ("failed", "undecided"))
    lost = sorted(counted, key=lambda one: one.points - one.of)
    told = ", ".join(f"{one.title} ({one.of - one.points:g})" for one in lost[:5])
    message = f"The module scores {score} of 100; {least} are asked for. The most is lost by: {told}."
    return Conclusion("failed", (Finding("score", "error", message, fix="Mend what the findings name."),), note)


def verdict_of(report: Report) -> Verdict:
    """Gates decide, the score among them; what nobody could tell is never passed."""
    gates = {check.outcome for check in report.checks if check.kind == "gate"}
    if "failed" in gates:
        return "refused"
    return "undecided" if "undecided" in gates else "passed"


def with_evidence(report: Report, files: FileMap, evidence: Evidence, policy: Policy = _DEFAULT_POLICY) -> Report:
    """The report of a module that passed, with what was learned since; its verdict can only become graver.

    The upgrade is weighed under every profile, the rest where the profile asks for it.
    """
    material = Material(files, {}, policy=policy, evidence=evidence)
    compared = evidence.upgrade is not None or evidence.incomparable is not None
    asked = {one.id for one in report.checks} | ({"upgrade"} if compared else set())
    for check in CHECKS:
        if check.id in _LATE and check.id in asked and check.look is not None:
            report = _replaced(report, check, check.look(material))
    if SCORE.id in asked:
        counted = replace(report, checks=tuple(one for one in report.checks if one.id != SCORE.id))
        report = _replaced(report, SCORE, scored(counted, policy.min_score))
    return replace(report, verdict=max(report.verdict, verdict_of(report), key=lambda one: _GRAVITY[one]))


def _replaced(report: Report, check: Check, conclusion: Conclusion) -> Report:
    """The report with this conclusion in the place of the check's earlier one, or at the end."""
    places = [one.id for one in report.checks]
    at = places.index(check.id) if check.id in places else len(places)
    checks = (*report.checks[:at], check.result(conclusion, 0.0), *report.checks[at + 1 :])
    kept = tuple(one for one in report.findings if one.check != check.id)
    found = tuple(replace(one, check=check.id) for one in conclusion.findings)
    return replace(report, checks=checks, findings=(*kept, *found))
