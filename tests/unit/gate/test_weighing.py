"""What is learned after the judgement changes the checks that rest on it, the score and the verdict; nothing else."""

from dataclasses import replace

from gate.checks import CHECKS, SCORE
from gate.conclusion import Conclusion
from gate.material import Evidence
from gate.report import Finding, Report
from gate.weighing import with_evidence

FILES = {"CHANGELOG.md": b"## Unreleased\n"}
ENDS = {"changelog": "passed", "upgrade": "not-applicable", "idempotent": "not-applicable"}
HOUSE = Report(
    "house", "terraform 1.11.4", "builtin", "L2", "passed",
    (*(check.result(Conclusion(ENDS.get(check.id, "passed")), 1.0) for check in CHECKS),
     SCORE.result(Conclusion("passed"), 0.0)),
)  # fmt: skip
SAFETY = replace(HOUSE, profile="safety", checks=HOUSE.checks[:3])


def ends(report: Report) -> dict[str, str]:
    return {check.id: check.outcome for check in report.checks}


def test_a_second_plan_that_changes_something_costs_its_points() -> None:
    report = with_evidence(HOUSE, FILES, Evidence(idempotent=("terraform_data.this",)))
    assert report.passed and (HOUSE.score, report.score) == (100, 97)
    assert [one.message for one in report.findings] == ["A second plan still changes `terraform_data.this`."]
    assert with_evidence(report, FILES, Evidence(idempotent=())).findings == ()


def test_points_that_are_lost_afterwards_can_refuse() -> None:
    poor = tuple(replace(one, points=0.0) if one.number in (18, 22, 49) else one for one in HOUSE.checks)
    report = with_evidence(replace(HOUSE, checks=poor), FILES, Evidence(idempotent=("a.b",)))
    assert report.verdict == "refused" and [one.rule for one in report.errors] == ["score"]


def test_under_safety_only_the_upgrade_is_weighed_and_only_where_somebody_compared() -> None:
    assert with_evidence(SAFETY, {}, Evidence(version="1.0.0")) == SAFETY
    found = with_evidence(SAFETY, {}, Evidence(upgrade=(Finding("upgrade", "error", "No."),), open="Who knows."))
    assert (found.verdict, found.checks[-1].id, found.checks[-1].note) == ("refused", "upgrade", "Who knows.")
    assert found.findings[0].check == "upgrade"


def test_what_nobody_could_compare_is_undecided_and_never_better_than_before() -> None:
    lost = Evidence(incomparable=Finding("upgrade", "warning", "The archive is lost."))
    assert with_evidence(SAFETY, {}, lost).verdict == with_evidence(HOUSE, FILES, lost).verdict == "undecided"
    assert with_evidence(replace(SAFETY, verdict="refused"), {}, lost).verdict == "refused"
    assert ends(with_evidence(HOUSE, FILES, lost))["score"] == "skipped"
