"""Several scanners as one: what two say alike is said once, and half a scan of any of them is half a scan."""

from dataclasses import replace

from gate.report import Finding
from gate.scanning.scanner import NoScanner, Scan, Suppression, problem
from gate.scanning.scanners import Scanners, make_scanner, merge
from gate.scanning.warm import ScannerSettings

CHECKOV = Finding(
    "CKV_AWS_24", "error", "ours", "main.tf", 5, 15, source="checkov", risk="critical", same_as=("AVD-AWS-0107",)
)
TRIVY = Finding("AVD-AWS-0107", "error", "theirs", "main.tf", 9, 9, source="trivy", risk="critical")


def test_the_same_at_the_same_place_is_said_once() -> None:
    merged = merge([Scan((CHECKOV,)), Scan((TRIVY,))])
    assert merged.findings == (CHECKOV,)


def test_the_same_elsewhere_or_another_rule_is_said_too() -> None:
    elsewhere, other = replace(TRIVY, line=40, end_line=41), replace(TRIVY, rule="AVD-AWS-0124")
    merged = merge([Scan((CHECKOV,)), Scan((elsewhere, other))])
    assert set(merged.findings) == {CHECKOV, elsewhere, other}


def test_a_suppressed_finding_is_not_said_again_by_another_tongue() -> None:
    silenced = replace(CHECKOV, suppressed="a bastion")
    assert merge([Scan((silenced,)), Scan((TRIVY,))]).findings == (silenced,)


def test_problems_versions_and_order_are_of_all() -> None:
    broken = Scan(problems=(problem("trivy died", "mend it"),))
    whole = merge([Scan((CHECKOV,), versions=(("checkov", "3"),)), Scan((TRIVY,), versions=(("trivy", "0"),)), broken])
    assert not whole.complete
    assert whole.versions == (("checkov", "3"), ("trivy", "0"))
    one, two = replace(CHECKOV, path="b.tf"), replace(CHECKOV, path="a.tf")
    assert merge([Scan((one, two))]).findings == merge([Scan((two, one))]).findings


def test_off_means_that_nobody_scans() -> None:
    assert isinstance(make_scanner(ScannerSettings("off")), NoScanner)
    assert isinstance(make_scanner(ScannerSettings()), Scanners)
    assert NoScanner().scan({}).off


def test_no_scanner_here_is_a_problem_and_no_clean_scan() -> None:
    found = make_scanner(ScannerSettings("/nowhere/python")).scan(
        {"main.tf": b'resource "a" "b" {} #trivy:ignore:x y\n'}
    )
    assert not found.complete
    assert "TERRASMITH_SCANNER" in found.problems[0].fix
    assert found.suppressions == (Suppression("trivy", "x", "y", "main.tf", 1),)
