"""The house's structure: a complete module has nothing to hear, and each missing part is named with its fix."""

import pytest

from gate.structure import check_structure, example_directories
from tfmodule.hcl import parse

COMPLETE = {
    "README.md": b"# x\n",
    "LICENSE": b"x\n",
    "CHANGELOG.md": b"x\n",
    "main.tf": b'resource "terraform_data" "x" {}\n',
    "variables.tf": b'variable "a" {\n  type = string\n  description = "A."\n}\n',
    "outputs.tf": b'output "b" {\n  description = "B."\n  value = 1\n}\n',
    "versions.tf": b'terraform {\n  required_version = ">= 1.5"\n}\n',
    "examples/basic/main.tf": b'module "x" {\n  source = "../../"\n  a = "b"\n}\n',
    "tests/basic.tftest.hcl": b'run "x" {}\n',
}


def messages(files: dict[str, bytes]) -> list[str]:
    parsed = {path: parse(path, data) for path, data in files.items() if path.endswith((".tf", ".tftest.hcl"))}
    findings = list(check_structure(files, parsed))
    assert all(f.fix and f.severity == "error" for f in findings)
    return [f"{f.place} {f.message}".strip() for f in findings]


def test_a_complete_module_passes() -> None:
    assert messages(COMPLETE) == []


@pytest.mark.parametrize("missing", sorted(set(COMPLETE) - {"variables.tf", "outputs.tf", "versions.tf", "main.tf"}))
def test_each_missing_part_is_named(missing: str) -> None:
    found = messages({path: data for path, data in COMPLETE.items() if path != missing})
    assert len(found) == 1


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        (
            "variables.tf",
            b'\nvariable "a" {\n  description = "A."\n}\n',
            'variables.tf:2 The variable "a" has no type.',
        ),
        (
            "variables.tf",
            b'variable "a" {\n  type = string\n}\n',
            'variables.tf:1 The variable "a" has no description.',
        ),
        (
            "variables.tf",
            b'variable "a" {\n  type = string\n  description = " "\n}\n',
            'variables.tf:1 The variable "a" has no description.',
        ),
        ("outputs.tf", b'output "b" {\n  value = 1\n}\n', 'outputs.tf:1 The output "b" has no description.'),
        ("versions.tf", b"terraform {}\n", "The module does not say which Terraform it needs."),
        (
            "versions.tf",
            (
                b'terraform {\n  required_version = ">= 1.5"\n'
                b'  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
            ),
            'versions.tf:4 The provider "aws" has no version constraint.',
        ),
    ],
)
def test_each_gap_is_named_at_its_line(path: str, data: bytes, expected: str) -> None:
    assert messages(COMPLETE | {path: data}) == [expected]


def test_examples_are_the_directories_directly_below() -> None:
    paths = [
        "examples/b/main.tf",
        "examples/a/x.tf",
        "examples/a/deep/x.tf",
        "examples/main.tf",
        "examples/c/README.md",
        "x/examples/a/y.tf",
    ]
    assert example_directories(dict.fromkeys(paths, b"")) == ("examples/a", "examples/b")
