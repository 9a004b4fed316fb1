"""What a scan means: critical findings refuse, half a scan decides nothing, a policy says what may be suppressed."""

from dataclasses import replace

import pytest

from gate.policy import Policy
from gate.report import Finding, Profile
from gate.scanning.scanner import NO_REASON, Scan, Suppression, problem, severity
from gate.scanning.verdict import decide

POLICY = Policy()


def finding(rule: str, risk: str, suppressed: str = "") -> Finding:
    return Finding(rule, severity(risk), "m", "main.tf", 1, source="checkov", risk=risk, suppressed=suppressed)


CRITICAL = finding("CKV_AWS_24", "critical")
HIGH = finding("CKV_AWS_79", "high")
BROKEN = problem("nobody looked", "install it")


@pytest.mark.parametrize("profile", ["house", "safety"])
def test_only_the_critical_refuses(profile: Profile) -> None:
    assert decide(Scan((HIGH,)), POLICY, profile).outcome == "passed"
    assert decide(Scan((HIGH, CRITICAL)), POLICY, profile).outcome == "failed"
    assert decide(Scan(beside=(replace(CRITICAL, severity="warning"),)), POLICY, profile).outcome == "passed"


@pytest.mark.checklist("T-31")
def test_half_a_scan_is_never_clean() -> None:
    undecided = decide(Scan((HIGH,), problems=(BROKEN,)), POLICY, "safety")
    assert (undecided.outcome, undecided.findings[0], undecided.note) == ("undecided", BROKEN, "nobody looked")
    refused = decide(Scan((CRITICAL,), problems=(BROKEN,)), POLICY, "safety")
    assert refused.outcome == "failed", "what was not seen cannot make it better"
    assert BROKEN in refused.findings


def test_an_organisation_adds_to_the_critical() -> None:
    stricter = replace(POLICY, critical_rules=frozenset({"CKV_AWS_79"}))
    assert decide(Scan((HIGH,)), stricter, "safety").outcome == "failed"


def test_a_reason_silences_what_is_not_critical() -> None:
    (told,) = decide(Scan((finding("CKV_AWS_79", "high", "old image"),)), POLICY, "house").findings
    assert (told.severity, told.suppressed) == ("note", "old image")


def test_without_a_reason_the_finding_stays() -> None:
    (told,) = decide(Scan((finding("CKV_AWS_79", "high", NO_REASON),)), POLICY, "house").findings
    assert told.severity == "warning"


@pytest.mark.checklist("T-31")
def test_what_is_critical_is_suppressed_by_policy_alone() -> None:
    scan = Scan((finding("CKV_AWS_24", "critical", "a bastion"),))
    refused = decide(scan, POLICY, "safety")
    assert (refused.outcome, refused.findings[0].severity) == ("failed", "error")
    allowed = replace(POLICY, suppressible_rules=frozenset({"CKV_AWS_24"}))
    assert decide(scan, allowed, "safety").outcome == "passed"
    nothing = replace(allowed, allow_suppressions=False)
    assert decide(scan, nothing, "safety").outcome == "failed"


@pytest.mark.parametrize(
    ("rule", "reason", "house", "safety"),
    [
        ("CKV_AWS_18", "by the trail", "note", "note"),
        ("CKV_AWS_18", "", "error", "warning"),
        ("", "why ever", "error", "warning"),
    ],
)
def test_a_comment_must_name_rule_and_reason(rule: str, reason: str, house: str, safety: str) -> None:
    scan = Scan(suppressions=(Suppression("checkov", rule, reason, "main.tf", 3),))
    for profile, expected in (("house", house), ("safety", safety)):
        decision = decide(scan, POLICY, profile)
        (told,) = decision.findings
        assert (told.rule, told.severity, told.line, told.suppressed) == ("suppression", expected, 3, reason)
        assert decision.outcome == ("failed" if expected == "error" else "passed")
        assert bool(told.fix) == (expected != "note")


def test_a_policy_may_allow_no_suppression_at_all() -> None:
    strict = replace(POLICY, allow_suppressions=False)
    scan = Scan(suppressions=(Suppression("tflint", "a", "b", "main.tf", 3),))
    assert decide(scan, strict, "house").outcome == "failed"
    (told,) = decide(Scan((finding("CKV_AWS_79", "high", "x"),)), strict, "house").findings
    assert (told.severity, "does not allow" in told.message) == ("warning", True)


def test_switched_off_is_told_and_is_not_passed() -> None:
    decision = decide(Scan(off=True), POLICY, "safety")
    assert decision.outcome == "not-applicable"
    assert "TERRASMITH_SCANNER=off" in decision.findings[0].message


def test_the_order_depends_on_nothing_but_what_was_found() -> None:
    findings = (HIGH, CRITICAL, replace(HIGH, path="a.tf"), replace(HIGH, line=9))
    assert decide(Scan(findings), POLICY, "house") == decide(Scan(findings[::-1]), POLICY, "house")
