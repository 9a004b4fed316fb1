"""The report: it survives JSON, and its digest says whether two judgements are the same."""

import json
from dataclasses import replace

import pytest

from gate.report import CheckResult, Finding, Outcome, Report

REPORT = Report(
    profile="house",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L1",
    verdict="refused",
    checks=(CheckResult("screen", "Nothing forbidden inside", "passed", 0.1),),
    findings=(
        Finding("fmt", "warning", "w", "b.tf", 3),
        Finding("screen", "error", "e", "z.tf", 9, 12, "do this"),
        Finding("x", "note", "n"),
        Finding("screen", "error", "e", "a.tf"),
    ),
)
FULL = replace(
    REPORT,
    checks=(*REPORT.checks, CheckResult("tags", "Tags", "failed", 0.0, 32, "points", 1.5, 3.0, "why")),
    findings=(
        Finding("CKV_AWS_18", "warning", "m", source="checkov", risk="low", suppressed="logs", same_as=("AVD-AWS-1",)),
    ),
    gate_version="1",
    input_digest="2",
    policy_digest="3",
)


@pytest.mark.parametrize("report", [REPORT, FULL])
def test_it_survives_json(report: Report) -> None:
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_the_digest_leaves_out_the_time_only() -> None:
    slower = replace(REPORT, checks=(replace(REPORT.checks[0], seconds=9.0),))
    assert slower.digest == REPORT.digest
    for other in (
        replace(REPORT, verdict="passed"),
        replace(REPORT, engine="tofu 1.9"),
        replace(REPORT, tier="none"),
        replace(REPORT, sandbox="L2"),
        replace(REPORT, findings=()),
        replace(REPORT, checks=()),
        replace(REPORT, gate_version="1"),
        FULL,
    ):
        assert other.digest != REPORT.digest


def test_a_report_of_an_earlier_release_is_read_and_keeps_its_digest() -> None:
    stored = {
        "profile": "house",
        "engine": "terraform 1.11.4",
        "tier": "provider",
        "sandbox": "L1",
        "verdict": "refused",
        "checks": [{"id": "screen", "title": "Nothing forbidden inside", "outcome": "passed", "seconds": 0.1}],
        "findings": [
            {"rule": "x", "severity": "note", "message": "n", "path": None, "line": None, "end_line": None, "fix": ""}
        ],
    }
    report = Report.from_dict(stored)
    assert report == replace(REPORT, findings=(Finding("x", "note", "n"),))
    assert report.to_dict() == stored
    assert report.digest == "fcceb304b31f6db68d4cf1cf3b0d867413898e82a1e5db76e80faf8ed1c3f9e8"
    assert report.score is None


def test_a_report_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    stored = FULL.to_dict() | {"weather": "fine"}
    stored["checks"][0]["colour"] = "green"
    stored["findings"][0]["mood"] = "good"
    assert Report.from_dict(stored) == FULL


def test_people_read_errors_first() -> None:
    assert [finding.place for finding in REPORT.ordered] == ["a.tf", "z.tf:9", "b.tf:3", ""]
    assert len(REPORT.errors) == 2
    assert not REPORT.passed


def scored(*checks: tuple[Outcome, float, float]) -> int | None:
    results = (CheckResult("x", "X", outcome, 0.0, 1, "points", points, of) for outcome, points, of in checks)
    return replace(REPORT, checks=(*REPORT.checks, *results)).score


def test_the_score_counts_what_applies() -> None:
    assert scored() is None
    assert scored(("passed", 3, 3), ("failed", 0, 1)) == 75
    assert scored(("passed", 3, 3), ("not-applicable", 0, 8), ("skipped", 0, 8)) == 100
    assert scored(("not-applicable", 0, 8)) is None
    assert scored(("passed", 3, 3), ("undecided", 0, 3)) == 50, "what nobody could tell earns nothing"
    assert scored(("failed", 84.99, 100)) == 84, "a score is never rounded up to what is asked for"
    assert scored(*[("passed", 0.1, 0.1)] * 7, *[("failed", 0.0, 0.1)] * 3) == 70
