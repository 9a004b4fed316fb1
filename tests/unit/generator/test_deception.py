"""Repairs that only look like one."""

import pytest

from gate.proof.values import PlannedChange, Proof, Scenario
from gate.report import Finding, Report
from generator.deception import deceptions, is_about_security, vanished

_BUCKET = 'resource "aws_s3_bucket" "this" {\n  bucket = "x"\n}\n'
_TEST = 'run "a" {\n  command = plan\n  assert {\n    condition     = var.x != 1\n    error_message = "No."\n  }\n}\n'
_INPUT = 'variable "x" {\n  validation {\n    condition     = var.x != 1\n    error_message = "No."\n  }\n}\n'
_BEFORE = {"main.tf": _BUCKET.encode(), "tests/a.tftest.hcl": _TEST.encode(), "variables.tf": _INPUT.encode()}


def _report(source: str = "checkov") -> Report:
    finding = Finding("CKV_AWS_1", "error", "Public.", "main.tf", 2, source=source)
    return Report("house", "none", "provider", "L2", "refused", (), (finding,))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"main.tf": b"# gone\n"}, "removed the aws_s3_bucket"),
        ({"main.tf": _BUCKET.replace("{\n", "{\n  count = 0\n", 1).encode()}, "turned aws_s3_bucket.this off"),
        (
            {"main.tf": _BUCKET.replace("{\n", "{\n  for_each = toset([ ])\n", 1).encode()},
            "turned aws_s3_bucket.this off",
        ),
        ({"tests/a.tftest.hcl": b""}, "left 1 of 1 test runs out"),
        ({"tests/a.tftest.hcl": b'run "a" {\n  command = plan\n}\n'}, "left 1 of 1 assertions out"),
        ({"variables.tf": b'variable "x" {\n}\n'}, "left 1 of 1 validations out"),
        *(
            ({"tests/a.tftest.hcl": _TEST.replace("var.x != 1", always).encode()}, "left 1 of 1 assertions out")
            for always in ("true", "1 == 1", 'length("a.b") > 0', "true || var.x == 2", "var.x == 2 || true")
        ),
        ({"variables.tf": _INPUT.replace("var.x != 1", "true").encode()}, "left 1 of 1 validations out"),
    ],
)
def test_what_only_looks_mended_is_told(after: dict[str, bytes], told: str) -> None:
    assert told in " ".join(deceptions(_BEFORE, _BEFORE | after, _report()))


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"main.tf": _BUCKET.replace("this", "main").encode()},
        {"main.tf": _BUCKET.replace("{\n", "{\n  count = var.on ? 1 : 0\n", 1).encode()},
        {"main.tf": (_BUCKET + 'resource "aws_s3_bucket_public_access_block" "this" {\n}\n').encode()},
    ],
)
def test_what_is_mended_is_no_trick(after: dict[str, bytes]) -> None:
    assert deceptions(_BEFORE, _BEFORE | after, _report()) == ()


def test_what_terraform_cannot_read_may_go() -> None:
    after = _BEFORE | {"main.tf": b"# there was no such resource\n"}
    assert deceptions(_BEFORE, after, _report("terraform")) == ()


def _planned(*actions: str, kind: str = "aws_s3_bucket") -> Proof:
    changes = tuple(PlannedChange(f"{kind}.{n}", kind, (action,)) for n, action in enumerate(actions))
    return Proof(scenarios=(Scenario("examples/basic", "breaking", changes),))


def test_what_the_plan_has_no_longer_is_told() -> None:
    told = vanished(_BEFORE, _BEFORE, _planned("delete", "delete", "create"))
    assert told == ("examples/basic plans 1 aws_s3_bucket fewer instead of a mended one.",)


@pytest.mark.parametrize("actions", [(), ("update",), ("delete", "create"), ("create",), ("forget",)])
def test_what_is_planned_otherwise_is_no_trick(actions: tuple[str, ...]) -> None:
    assert vanished(_BEFORE, _BEFORE, _planned(*actions)) == ()


def test_what_the_code_declares_no_longer_is_told_once() -> None:
    assert vanished(_BEFORE, {"main.tf": b""}, _planned("delete")) == ()


def test_plans_are_compared_where_a_scanner_complained() -> None:
    assert is_about_security(_report())
    assert not is_about_security(_report("terraform"))
