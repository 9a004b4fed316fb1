"""What counts as evidence: only what ran and had something to look at, and one objection outweighs it all."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.compliance import evidence
from gate.compliance.evidence import STATES, Answer, Subject, assess
from gate.compliance.framework import Framework, Requirement, built_in
from gate.modules import Modules
from gate.report import CheckResult, Finding, Report, RuleTally
from gate.scanned import asked_of
from gate.scanning.areas import split
from gate.scanning.checkov import read
from gate.scanning.scanner import Scan, Tally, problem
from tests.scanners import INSECURE, recorded

OPEN = Finding(
    "CKV_AWS_24", "error", "Port 22 is open.", "main.tf", 4, 9, source="checkov", risk="critical", check="scan"
)
REPORT = Report(
    profile="house",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L2",
    verdict="passed",
    checks=(
        CheckResult("encryption", "Encrypted by default", "passed", 0.0, kind="points", points=4, of=4),
        CheckResult("recovery", "Backups and versions", "not-applicable", 0.0, note="Nothing holds data."),
        CheckResult("upgrade", "Upgrade", "undecided", 0.0),
    ),
    scanners=("checkov 3.3.30",),
    asked=(RuleTally("CKV_AWS_16", 2), RuleTally("CKV_AWS_24", 1, 1), RuleTally("CKV_AWS_53", 1, 0, 1)),
    findings=(
        OPEN,
        Finding("CKV_AWS_53", "note", "No block.", "s3.tf", 1, source="checkov", suppressed="static pages"),
        Finding("CKV_AWS_79", "warning", "v1", "examples/a/main.tf", 1, source="checkov", check="scan"),
    ),
)  # fmt: skip
SUBJECT = Subject("acme/db/aws", REPORT, "1.0.0")


def asked(*rules: str, subjects: tuple[Subject, ...] = (SUBJECT,)) -> Answer:
    framework = Framework("f", "F", "1", "CC0-1.0", "Us.", (Requirement("R", "w", "code", rules),))
    (answer,) = assess(framework, "namespace", "acme", subjects).answers
    return answer


def test_a_kept_rule_is_evidence_with_the_number_of_resources() -> None:
    answer = asked("CKV_AWS_16")
    assert answer.state == "evidence-for"
    assert [(one.rule, one.source, one.resources) for one in answer.supports] == [("CKV_AWS_16", "checkov", 2)]


def test_a_rule_that_had_no_resource_is_no_evidence() -> None:
    answer = asked("CKV_AWS_17")
    assert answer.state == "no-evidence"
    assert "no resource" in answer.silences[0].why[0]


def test_without_a_record_of_what_was_asked_nothing_passed() -> None:
    earlier = replace(REPORT, scanners=(), asked=(), findings=())
    answer = asked("CKV_AWS_16", subjects=(replace(SUBJECT, report=earlier),))
    assert answer.state == "no-evidence"
    assert "earlier release" in answer.silences[0].why[0]
    nothing = asked("CKV_AWS_16", subjects=(replace(SUBJECT, report=None),))
    assert nothing.silences[0].why == ("No report was kept.",)
    assert asked("CKV_AWS_16", subjects=()).state == "no-evidence"


def test_one_broken_resource_outweighs_those_that_keep_the_rule() -> None:
    answer = asked("CKV_AWS_16", "CKV_AWS_24")
    assert answer.state == "evidence-against"
    assert [(one.rule, one.finding.place) for one in answer.objections] == [("CKV_AWS_24", "main.tf:4")]
    assert [one.rule for one in answer.supports] == ["CKV_AWS_16"]


def test_what_is_suppressed_is_evidence_against_with_its_reason() -> None:
    answer = asked("CKV_AWS_53")
    assert answer.state == "evidence-against"
    assert answer.objections[0].finding.suppressed == "static pages"


def test_a_count_that_no_finding_explains_is_against_all_the_same() -> None:
    lost = replace(REPORT, findings=())
    assert asked("CKV_AWS_24", subjects=(replace(SUBJECT, report=lost),)).state == "evidence-against"


def test_examples_speak_for_nothing() -> None:
    assert asked("CKV_AWS_79").state == "no-evidence"


def test_what_another_scanner_alone_saw_is_against_the_rule_that_says_the_same() -> None:
    trivy = Finding("AVD-AWS-0080", "error", "Not encrypted.", "db.tf", 3, source="trivy", same_as=("CKV_AWS_16",))
    found = replace(REPORT, findings=(trivy,))
    assert asked("CKV_AWS_16", subjects=(replace(SUBJECT, report=found),)).objections[0].finding == trivy


@pytest.mark.parametrize(
    ("check", "state"),
    [
        ("encryption", "evidence-for"),
        ("recovery", "no-evidence"),
        ("upgrade", "no-evidence"),
        ("exposure", "no-evidence"),
    ],
)
def test_checks_count_where_they_ran(check: str, state: str) -> None:
    assert asked(check).state == state


def test_a_failed_check_is_against_with_its_findings() -> None:
    check = CheckResult("exposure", "Closed by default", "failed", 0.0, kind="points", of=3, note="kept to 50%")
    said = Finding("exposure", "warning", "It lets everyone in.", "main.tf", 2, check="exposure")
    failed = replace(REPORT, checks=(check,), findings=(said, replace(said, severity="note", line=3)))
    (objection,) = asked("exposure", subjects=(replace(SUBJECT, report=failed),)).objections
    assert objection.finding == said
    share = replace(failed, findings=())
    (objection,) = asked("exposure", subjects=(replace(SUBJECT, report=share),)).objections
    assert objection.finding.message == "kept to 50%"
    old = replace(failed, findings=(replace(said, check=""),))
    assert asked("exposure", subjects=(replace(SUBJECT, report=old),)).objections[0].finding.line == 2


def test_what_passes_what_it_cannot_read_counts_against_alone() -> None:
    framework = Framework("f", "F", "1", "CC0-1.0", "Us.", (Requirement("R", "w", "code", (), ("CKV_AWS_16",)),))
    (kept,) = assess(framework, "folder", ".", [SUBJECT]).answers
    assert (kept.state, kept.supports) == ("no-evidence", ())
    assert "shows nothing" in kept.silences[0].why[0]
    broken = replace(REPORT, asked=(RuleTally("CKV_AWS_16", 1, 1),))
    (answer,) = assess(framework, "folder", ".", [replace(SUBJECT, report=broken)]).answers
    assert answer.state == "evidence-against"


def test_a_policy_counts_against_and_never_for() -> None:
    assert asked("policy/regions").state == "no-evidence"
    said = Finding(
        "policy/regions", "warning", "Not there. ada overrode it: a trial", source="policy", check="policies"
    )
    found = replace(REPORT, findings=(said,))
    assert asked("policy/regions", subjects=(replace(SUBJECT, report=found),)).objections[0].finding == said


def test_of_several_modules_each_counts_once() -> None:
    clean = Subject(
        "acme/a/aws", replace(REPORT, asked=(RuleTally("CKV_AWS_24", 3), RuleTally("CKV_AWS_25", 3)), findings=())
    )
    answer = asked("CKV_AWS_24", "CKV_AWS_25", subjects=(SUBJECT, clean))
    assert (answer.state, answer.modules) == ("evidence-against", (1, 1))
    assert answer == asked("CKV_AWS_24", "CKV_AWS_25", subjects=(clean, SUBJECT))


def test_a_scan_that_is_not_whole_leaves_no_record() -> None:
    scan = Scan(tally={"CKV_AWS_16": Tally(2, 1, 0)}, versions=(("checkov", "3.3.30"),))
    assert asked_of(scan) == (("checkov 3.3.30",), (RuleTally("CKV_AWS_16", 2, 1),))
    assert asked_of(replace(scan, problems=(problem("half", "whole"),))) == ((), ())
    assert asked_of(replace(scan, off=True)) == asked_of(None) == ((), ())


@pytest.mark.checklist("T-31")
def test_what_checkov_really_answered_becomes_evidence() -> None:
    scan = read(recorded(), split(INSECURE, Modules()))
    scanners, tallies = asked_of(scan)
    report = replace(REPORT, scanners=scanners, asked=tallies, findings=(*scan.findings, *scan.beside))
    found = assess(built_in("cis-aws"), "folder", ".", [Subject(".", report)])
    states = {one.requirement.id: one for one in found.answers}
    assert [one.finding.place for one in states["5.3"].objections] == ["main.tf:6"]
    assert {one.finding.path for one in states["2.2.3"].objections} == {"modules/database/main.tf"}
    assert states["3.7"].state == "no-evidence"  # there is no VPC
    assert states["3.4"].state == "unmapped"
    assert "CKV_AWS_25" in [one.rule for one in states["5.3"].supports]


RULES = ("CKV_AWS_16", "CKV_AWS_24", "CKV_AWS_53", "secrets", "encryption", "iam-wildcards", "validate")
OUTCOMES = st.sampled_from(("passed", "failed", "skipped", "undecided", "not-applicable"))
REPORTS = st.builds(
    lambda checks, asked, findings, scanners: replace(
        REPORT, checks=tuple(checks), asked=tuple(asked), findings=tuple(findings), scanners=scanners
    ),
    st.lists(
        st.builds(lambda name, how: CheckResult(name, name, how, 0.0), st.sampled_from(RULES[3:]), OUTCOMES), max_size=4
    ),
    st.lists(st.builds(RuleTally, st.sampled_from(RULES[:3]), *[st.integers(0, 2)] * 3), max_size=3),
    st.lists(
        st.builds(Finding, st.sampled_from(RULES), st.sampled_from(("error", "note")), st.text(max_size=5)), max_size=3
    ),
    st.sampled_from(((), ("checkov 3.3.30",))),
)


@settings(max_examples=30)
@given(st.lists(REPORTS, max_size=3), st.sampled_from(("cis-aws", "soc2")))
def test_every_requirement_is_in_exactly_one_state(reports: list[Report], name: str) -> None:
    framework = built_in(name)
    subjects = [Subject(f"acme/m{number}/aws", one, "1.0.0") for number, one in enumerate(reports)]
    found = assess(framework, "namespace", "acme", subjects)
    assert [one.requirement for one in found.answers] == list(framework.requirements)
    assert sum(found.counts.values()) == len(framework.requirements)
    assert set(found.counts) == set(STATES)
    for answer in found.answers:
        assert (answer.state == "unmapped") == (not answer.requirement.asks)
        assert (answer.state == "evidence-against") == bool(answer.objections)
        spoken = {one.rule for one in (*answer.supports, *answer.objections)}
        assert spoken | {one.rule for one in answer.silences} == set(answer.requirement.asks)
        assert not spoken & {one.rule for one in answer.silences}


def test_the_states_are_what_the_page_says() -> None:
    assert evidence.STATES == ("evidence-against", "evidence-for", "no-evidence", "unmapped")
