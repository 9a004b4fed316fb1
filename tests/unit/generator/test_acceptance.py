"""A brief's assertions as a test file: every sentence is in it, and nothing of a stranger's text is code."""

import pytest

from gate import acceptance as accepted
from gate.report import Finding
from generator.acceptance import with_acceptance
from generator.brief import Assertion, Brief, Operator, Scalar
from tfmodule.hcl import parse

MODULE = {
    "main.tf": b"""
resource "aws_s3_bucket" "this" {}
resource "aws_s3_bucket" "logs" {
  count = 1
}
resource "aws_s3_object" "each" {
  for_each = toset([])
}
data "aws_region" "this" {}
""",
    "variables.tf": b'variable "name" {}\nvariable "size" { type = number }\nvariable "on" { default = true }\n',
    "outputs.tf": b'output "arn" { value = 1 }\n',
    "examples/minimal/main.tf": b'module "x" {\n  source = "../../"\n  name = "acme"\n  size = local.size\n}\n',
    "tests/x.tftest.hcl": b'mock_provider "aws" {\n  alias = "eu"\n}\nrun "x" {\n  providers = { aws = aws.eu }\n}\n',
    "modules/inner/main.tf": b'resource "aws_kms_key" "this" {}\n',
}


def made(*assertions: Assertion, unproved: tuple[str, ...] = ()) -> str:
    brief = Brief("t", "p", "request", assertions=assertions, unproved=unproved)
    text = with_acceptance(MODULE, brief)[accepted.PATH]
    assert not parse(accepted.PATH, text).problems
    return text.decode()


def one(address: str, path: str = "", operator: Operator = "equals", value: Scalar = None, says: str = "So.") -> str:
    return made(Assertion(says, address, path, operator, value))


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        (
            ("aws_s3_bucket.this", "a", "equals", 5),
            'toset([for one in flatten([for one in [aws_s3_bucket.this] : one.a]) : tostring(one)]) == toset(["5"])',
        ),
        (("aws_s3_object.*", "", "count", 0), "length(values(aws_s3_object.each)) == 0"),
        (("aws_s3_bucket.*", "", "count", 2), "length(concat([aws_s3_bucket.this], aws_s3_bucket.logs)) == 2"),
        (("aws_sqs_queue.*", "", "count", 0), "length([for one in [] : path.module]) == 0"),
        (("aws_kms_key.*", "arn", "present", None), "length([for one in [] : path.module]) > 0"),
        (
            ("data.aws_region.this", "name", "absent", None),
            "alltrue([for one in flatten([for one in [data.aws_region.this] : one.name]) : one == null])",
        ),
        (
            ("output.arn", "", "present", None),
            "toset([for one in flatten([output.arn]) : one != null]) == toset([true])",
        ),
        (("var.on", "", "not_equals", False), '!contains([for one in flatten([var.on]) : tostring(one)], "false")'),
        (("output.arn", "", "at_least", 1.5), "min(flatten([output.arn])...) >= 1.5"),
        (("output.arn", "", "at_most", 2), "max(flatten([output.arn])...) <= 2"),
        (("output.arn", "", "contains", "b"), 'contains([for one in flatten([output.arn]) : tostring(one)], "b")'),
        (
            ("output.arn", "x.y", "excludes", "b"),
            (
                "!contains([for one in flatten([for one in flatten([for one in [output.arn] : one.x]) : "
                'one.y if one != null]) : tostring(one)], "b")'
            ),
        ),
    ],
)
def test_each_operator_becomes_a_condition(given: tuple[str, str, Operator, Scalar], condition: str) -> None:
    assert f"    condition     = {condition}\n" in one(*given)


def test_it_stands_on_the_modules_own_tests_and_its_minimal_example() -> None:
    text = one("var.on", value=True)
    assert text.count("mock_provider") == 1
    assert '  alias = "eu"\n' in text
    assert "  providers = { aws = aws.eu }\n" in text
    assert 'variables {\n  name = "acme"\n  size = 1\n}\n' in text, "what the example does not say itself is made up"


def test_no_sentence_vanishes_and_none_is_code() -> None:
    says = 'Holds."\n  }\n} ${file("/etc/passwd")} <!-- x -->'
    text = made(Assertion(says, "aws_sqs_queue.this", "x", "equals", '"] ${1'), unproved=("Fast.\nrun {}",))
    assert "(The module has no aws_sqs_queue.this.)" in text
    assert "# Not proved: Fast. run {}\n" in text
    file = parse(accepted.PATH, text.encode())
    assert [block.kind for block in file.blocks] == ["mock_provider", "variables", "run"]
    found = accepted.wishes(file, text.encode(), [])
    assert [wish.holds for wish in found] == [True, False]


def test_a_file_of_that_name_that_no_brief_asked_for_is_left_out() -> None:
    files = {**MODULE, accepted.PATH: b"anything"}
    assert with_acceptance(files, None) == MODULE
    assert with_acceptance(files, Brief("t", "p", "request")) == MODULE
    assert accepted.PATH in with_acceptance(files, Brief("t", "p", "request", unproved=("It is fast.",)))


def test_an_error_belongs_to_its_assertion_and_a_general_one_to_all() -> None:
    text = made(
        Assertion("First.", "var.on", "", "equals", True), Assertion("Second.", "var.on", "", "present")
    ).encode()
    file = parse(accepted.PATH, text)
    second = next(wish.line for wish in accepted.wishes(file, text, []) if wish.says == "Second.")
    assert second is not None
    failed = Finding("test", "error", "Test assertion failed: Second.", accepted.PATH, second + 1)
    assert [(wish.holds, wish.why) for wish in accepted.wishes(file, text, [failed])] == [(True, ""), (False, "")]
    outside = Finding("test", "error", "Invalid value for variable: no.", "variables.tf", 1)
    assert [wish.why for wish in accepted.wishes(file, text, [failed, outside])] == [outside.message] * 2
    remark = Finding("test", "warning", "Deprecated.", accepted.PATH, second)
    assert all(wish.holds for wish in accepted.wishes(file, text, [remark]))
