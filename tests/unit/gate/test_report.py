"""The report: it survives JSON, and its digest says whether two judgements are the same."""

import json
from dataclasses import replace

from gate.report import CheckResult, Finding, Report

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


def test_it_survives_json() -> None:
    assert Report.from_dict(json.loads(json.dumps(REPORT.to_dict()))) == REPORT


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
    ):
        assert other.digest != REPORT.digest


def test_people_read_errors_first() -> None:
    assert [finding.place for finding in REPORT.ordered] == ["a.tf", "z.tf:9", "b.tf:3", ""]
    assert len(REPORT.errors) == 2
    assert not REPORT.passed
