"""Checkov's recorded answer becomes findings with our risks; one that does not cover everything decides nothing."""

import copy

import pytest

from gate.modules import KnownModule, Modules
from gate.report import Finding
from gate.scanning.areas import split
from gate.scanning.checkov import read
from gate.scanning.scanner import NO_REASON, Scan, Tally
from tests.scanners import INSECURE, recorded
from tfmodule.hcl import parse

NO_MODULES = Modules()


def scan(change=lambda answer: None, files=INSECURE) -> Scan:
    answer = recorded()
    change(answer)
    return read(answer, split(files, NO_MODULES))


def by_rule(findings: tuple[Finding, ...], rule: str) -> Finding:
    (found,) = [finding for finding in findings if finding.rule == rule]
    return found


def test_findings_carry_place_risk_source_and_twins() -> None:
    found = by_rule(scan().findings, "CKV_AWS_24")
    assert (found.severity, found.risk, found.source) == ("error", "critical", "checkov")
    assert (found.path, found.line, found.end_line) == ("main.tf", 6, 16)
    assert "aws_security_group.open" in found.message
    assert found.same_as == ("AVD-AWS-0107",)
    assert "checkov:skip=CKV_AWS_24" in found.fix


def test_a_submodule_is_scanned_where_it_is_called_and_told_once() -> None:
    found = by_rule(scan().findings, "CKV_AWS_17")
    assert (found.path, found.severity) == ("modules/database/main.tf", "error")


@pytest.mark.checklist("T-31")
def test_what_is_suppressed_is_told_with_its_reason() -> None:
    reasons = {f.rule: f.suppressed for f in scan().findings if f.suppressed}
    assert reasons == {"CKV_AWS_18": "Access logs are kept by the trail", "CKV_AWS_23": NO_REASON}


def test_examples_stand_beside_and_count_nowhere() -> None:
    whole = scan()
    assert {f.path for f in whole.beside} == {"examples/basic/main.tf"}
    assert not [f for f in whole.findings if (f.path or "").startswith("examples/")]
    assert whole.tally["CKV_AWS_24"] == Tally(failed=1)
    assert whole.tally["CKV_AWS_18"] == Tally(suppressed=1)
    assert "CKV_AWS_26" not in whole.tally, "only the example has a topic"


def test_the_scan_says_what_it_covered_and_by_whom() -> None:
    whole = scan()
    assert whole.complete
    assert whole.scanned_resources == 5
    assert whole.versions == (("checkov", "3.3.30"),)
    assert whole.pass_rate is not None
    assert 0 < whole.pass_rate < 1


def _lose_database(answer: dict) -> None:
    resources = answer["areas"]["module"]["resources"]
    answer["areas"]["module"]["resources"] = [name for name in resources if "aws_db_instance" not in name]


def _lose_everything(answer: dict) -> None:
    for area in answer["areas"].values():
        area["resources"], area["results"] = [], []


def _unreadable(answer: dict) -> None:
    answer["areas"]["module"]["unreadable"] = ["modules/database/main.tf"]
    _lose_database(answer)


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_lose_database, "did not look at `aws_db_instance.this`"),
        (_lose_everything, "did not look at `aws_sns_topic.beside`"),
        (_unreadable, "cannot read this file"),
        (lambda answer: answer.pop("areas"), "not understood"),
        (lambda answer: answer["areas"].update(module=None), "not understood"),
        (lambda answer: answer["areas"]["module"]["results"].append({"id": "CKV_1"}), "not understood"),
    ],
)
def test_an_answer_that_does_not_cover_the_module_is_no_clean_one(change, words: str) -> None:
    whole = scan(change)
    assert not whole.complete
    assert words in whole.problems[0].message
    assert all(problem.fix and problem.severity == "warning" for problem in whole.problems)


def test_parse_errors_are_named() -> None:
    assert scan(_unreadable).parse_errors == ("modules/database/main.tf",)


def test_the_same_answer_in_another_order_is_the_same_scan() -> None:
    def turn(answer: dict) -> None:
        for area in answer["areas"].values():
            area["resources"].reverse()

    assert scan(turn) == scan()


def test_many_missing_resources_are_counted_not_listed() -> None:
    files = {"main.tf": b"".join(b'resource "null_resource" "n%d" {}\n' % n for n in range(40))}
    answer = {"version": "3", "areas": {"module": {"results": [], "resources": [], "unreadable": []}}}
    problems = read(answer, split(files, NO_MODULES)).problems
    assert len(problems) == 6
    assert "35 further resources" in problems[-1].message


def called() -> tuple[dict[str, bytes], Modules]:
    source = "registry.example.com/acme/bucket/aws//modules/inner"
    call = f'module "a" {{\n  source  = "{source}"\n  version = "~> 1.0"\n  acl = "public-read"\n}}\n'
    inner = {"modules/inner/main.tf": b'resource "aws_s3_bucket" "this" {\n  acl = var.acl\n}\n', "main.tf": b""}
    known = KnownModule("1.2.0", inner)
    return {"main.tf": call.encode()}, Modules(found={(source, "~> 1.0"): known})


def test_a_called_module_is_led_to_its_copy_and_no_line_moves() -> None:
    files, modules = called()
    found = split(files, modules)
    text = found.texts["module"]["main.tf"]
    (block,) = parse("main.tf", text.encode()).blocks
    assert block.literal("source") == "./called-modules/0/modules/inner"
    assert "version" not in block.attributes
    assert text.count("\n") == files["main.tf"].count(b"\n")
    assert found.texts["module"]["called-modules/0/modules/inner/main.tf"].startswith("resource")
    assert found.expected == frozenset(), "what others published is not ours to be complete about"


def test_findings_in_a_called_module_stand_at_the_call_and_refuse_nothing() -> None:
    files, modules = called()
    result = {
        "caller": ["main.tf", 1, 5],
        "comment": "",
        "id": "CKV_AWS_20",
        "lines": [1, 3],
        "name": "S3 Bucket has an ACL defined which allows public READ access.",
        "outcome": "failed",
        "path": "called-modules/0/modules/inner/main.tf",
        "resource": "module.a.aws_s3_bucket.this",
    }
    area = {"results": [result], "resources": [], "unreadable": []}
    whole = read({"version": "3", "areas": {"module": area}}, split(files, modules))
    assert whole.findings == ()
    (found,) = whole.beside
    assert (found.path, found.line, found.severity, found.risk) == ("main.tf", 1, "warning", "critical")
    assert "registry.example.com/acme/bucket/aws 1.2.0" in found.message
    assert whole.tally == {}


def test_a_recorded_answer_is_not_changed_by_reading() -> None:
    answer = recorded()
    before = copy.deepcopy(answer)
    read(answer, split(INSECURE, NO_MODULES))
    assert answer == before
