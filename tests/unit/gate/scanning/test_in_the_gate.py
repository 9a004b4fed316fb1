"""The gate asks a scanner beside the engine, and believes nothing that was not said."""

from dataclasses import replace

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.material import Material
from gate.modules import NO_MODULES, Modules
from gate.policy import Policy
from gate.report import CheckResult, Finding, Report
from gate.rules.proof import critical
from gate.scanned import weighed
from gate.scanning.scanner import NoScanner, Scan, Scanner, problem
from tfmodule.files import FileMap

NO_ENGINE = EngineSettings("/nowhere/terraform", sandbox="trusted-local")
FILES = {"main.tf": b'resource "terraform_data" "this" {}\n', ".checkov.baseline": b"{}", "README.md": b"# x\n"}
CRITICAL = Finding("CKV_AWS_24", "error", "open", "main.tf", 1, source="checkov", risk="critical")


class Says:
    """A scanner that says what it was told to."""

    def __init__(self, scan: Scan) -> None:
        self.answer = scan
        self.saw: list[FileMap] = []

    def scan(self, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
        assert modules is NO_MODULES
        self.saw.append(files)
        return self.answer


def judged(scanner: Scanner | None, files: FileMap = FILES) -> Report:
    return judge(files, profile="safety", engine=NO_ENGINE, scanner=scanner)


def check(report: Report) -> CheckResult:
    (found,) = [result for result in report.checks if result.id == "scan"]
    return found


def test_it_is_the_rubrics_twelfth_check_and_a_gate() -> None:
    found = check(judged(Says(Scan())))
    assert (found.number, found.kind, found.outcome) == (12, "gate", "passed")


def test_what_is_critical_refuses_even_where_no_engine_could_judge() -> None:
    report = judged(Says(Scan((CRITICAL,))))
    assert (report.verdict, check(report).outcome) == ("refused", "failed")
    assert "CKV_AWS_24" in [finding.rule for finding in report.errors]


@pytest.mark.checklist("T-31")
def test_half_a_scan_leaves_the_verdict_open() -> None:
    found = check(judged(Says(Scan(problems=(problem("nobody looked", "install it"),)))))
    assert (found.outcome, found.note) == ("undecided", "nobody looked")


def test_switched_off_or_not_asked_is_never_passed_and_undecided_where_the_policy_wants_a_scan() -> None:
    for scanner in (NoScanner(), None):
        found = check(judged(scanner))
        assert (found.outcome, bool(found.note)) == ("not-applicable", True)
        material = Material({}, {}, policy=Policy(require_scan=True), scan=scanner and weighed(
            scanner.scan({}), Policy(), "safety"
        ))  # fmt: skip
        wanted = critical(material)
        assert wanted.outcome == "undecided" and "scanner install" in wanted.findings[0].fix


@pytest.mark.checklist("T-21")
def test_scanners_see_what_the_screen_admitted() -> None:
    says = Says(Scan())
    judged(says)
    assert set(says.saw[0]) == {"main.tf", "README.md"}


def test_what_the_screen_refuses_meets_no_scanner() -> None:
    says = Says(Scan())
    report = judged(says, FILES | {"run.tf": b'data "external" "x" {}\n'})
    assert (report.verdict, check(report).outcome, says.saw) == ("refused", "skipped", [])


def test_a_policys_rules_count() -> None:
    high = replace(CRITICAL, rule="CKV_AWS_79", severity="warning", risk="high")
    policy = Policy(critical_rules=frozenset({"CKV_AWS_79"}))
    report = judge(FILES, profile="safety", engine=NO_ENGINE, policy=policy, scanner=Says(Scan((high,))))
    assert report.verdict == "refused"
