"""The screen, as a table: each forbidden thing is refused at its line, and its harmless neighbour passes."""

import pytest

from gate.policy import Policy
from gate.providers import needed_providers
from gate.screen import screen
from tfmodule.hcl import parse

OK = b'variable "x" {\n  type = string\n}\n'
RESOURCE = 'resource "terraform_data" "x" {\n%s\n}\n'


def rules(files: dict[str, bytes], policy: Policy | None = None) -> set[tuple[str, str | None, int | None]]:
    """The errors; the cases are parts of modules, so that code at the root is another test's business."""
    found = screen(files, policy or Policy()).findings
    return {(f.rule, f.path, f.line) for f in found if f.severity == "error" and f.rule != "no-code"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": b"# Later\n"},
        {"modules/main.tf": OK},
        {"modules/a/b/main.tf": OK},
        {"tests/a.tftest.hcl": b""},
    ],
)
def test_a_folder_without_code_at_its_root_is_no_module(files: dict[str, bytes]) -> None:
    """It would become an immutable version with nothing inside: refused whatever the profile, before any engine."""
    screened = screen(files, Policy())
    assert screened.refused
    [found] = [finding for finding in screened.findings if finding.rule == "no-code"]
    assert "repository" not in found.message + found.fix  # it may have been uploaded
    assert not screen({**files, "main.tf": OK}, Policy()).refused


# (id, path, content that is refused, rule, line, path, content that passes)
CODE = [
    (
        "provisioner",
        "main.tf",
        RESOURCE % '  provisioner "local-exec" {\n    command = "x"\n  }',
        "provisioner",
        2,
        "main.tf",
        RESOURCE % "  input = 1",
    ),
    ("connection", "main.tf", RESOURCE % "  connection {}", "provisioner", 2, "main.tf", 'variable "connection" {}\n'),
    (
        "nested provisioner in a module's file",
        "modules/a/x.tf",
        "\n" + RESOURCE % '  provisioner "file" {}',
        "provisioner",
        3,
        "modules/a/x.tf",
        "# provisioner {}\n",
    ),
    (
        "external data",
        "main.tf",
        'data "external" "x" {\n}\n',
        "reaching-data",
        1,
        "main.tf",
        'data "aws_region" "x" {}\n',
    ),
    (
        "http data in a check",
        "main.tf",
        'check "c" {\n  data "http" "x" {\n  }\n}\n',
        "reaching-data",
        2,
        "main.tf",
        'check "c" {\n  data "aws_region" "x" {\n  }\n}\n',
    ),
    ("remote state", "main.tf", 'data "terraform_remote_state" "x" {\n}\n', "reaching-data", 1, "main.tf", OK.decode()),
    (
        "backend",
        "versions.tf",
        'terraform {\n  backend "http" {\n    address = "x"\n  }\n}\n',
        "backend",
        2,
        "versions.tf",
        "terraform {\n  required_providers {}\n}\n",
    ),
    (
        "cloud",
        "examples/a/main.tf",
        "terraform {\n  cloud {}\n}\n",
        "backend",
        2,
        "examples/a/main.tf",
        "terraform {}\n",
    ),
    (
        "state in a test",
        "tests/a.tftest.hcl",
        'run "x" {\n  backend "s3" {}\n}\n',
        "backend",
        2,
        "main.tf",
        'resource "aws_x" "y" {\n  backend {}\n}\n',
    ),
    (
        "state store",
        "main.tf",
        'terraform {\n  state_store "aws_s3" {\n  }\n}\n',
        "backend",
        2,
        "main.tf",
        "terraform {}\n",
    ),
    (
        "generated provisioner",
        "main.tf",
        RESOURCE % '  dynamic "provisioner" {\n  }',
        "provisioner",
        2,
        "main.tf",
        RESOURCE % '  dynamic "x" {\n  }',
    ),
    (
        "provisioner when removed",
        "main.tf",
        'removed {\n  from = a.b\n  provisioner "local-exec" {\n  }\n}\n',
        "provisioner",
        3,
        "main.tf",
        "removed {\n  from = a.b\n}\n",
    ),
    (
        "external data, escaped",
        "main.tf",
        'data "\\u0065xternal" "x" {\n}\n',
        "reaching-data",
        1,
        "main.tf",
        OK.decode(),
    ),
    ("http, bare", "main.tf", "data http x {\n}\n", "reaching-data", 1, "main.tf", OK.decode()),
    ("ephemeral http", "main.tf", 'ephemeral "http" "x" {\n}\n', "reaching-data", 1, "main.tf", OK.decode()),
    ("set twice", "main.tf", "locals {\n  a = 1\n  a = 2\n}\n", "repeated", 3, "main.tf", "locals {\n  a = 1\n}\n"),
    ("encryption", "main.tf", "terraform {\n  encryption {\n  }\n}\n", "unknown-block", 2, "main.tf", "terraform {}\n"),
    (
        "provider block",
        "main.tf",
        '\nprovider "aws" {}\n',
        "provider-block",
        2,
        "examples/a/main.tf",
        'provider "aws" {}\n',
    ),
    (
        "provider block in a submodule",
        "modules/a/main.tf",
        'provider "aws" {}\n',
        "provider-block",
        1,
        "tests/a.tftest.hcl",
        'provider "aws" {}\n',
    ),
    (
        "unknown block",
        "main.tf",
        'action "x" "y" {}\n',
        "unknown-block",
        1,
        "main.tf",
        "moved {\n  from = a.b\n  to = a.c\n}\n",
    ),
    ("run in a module", "main.tf", 'run "x" {}\n', "unknown-block", 1, "tests/a.tftest.hcl", 'run "x" {}\n'),
    (
        "resource in a test",
        "tests/a.tftest.hcl",
        'resource "a" "b" {}\n',
        "unknown-block",
        1,
        "tests/a.tftest.hcl",
        'mock_provider "aws" {}\n',
    ),
    (
        "unknown provider",
        "main.tf",
        'terraform {\n  required_providers {\n    a = {\n      source = "evil/aws"\n    }\n  }\n}\n',
        "provider",
        3,
        "main.tf",
        'terraform {\n  required_providers {\n    a = {\n      source = "HashiCorp/aws"\n    }\n  }\n}\n',
    ),
    (
        "implied provider",
        "main.tf",
        '\nresource "local_file" "x" {}\n',
        "provider",
        2,
        "main.tf",
        'resource "aws_vpc" "x" {}\n',
    ),
    (
        "mocked unknown provider",
        "tests/a.tftest.hcl",
        'mock_provider "docker" {}\n',
        "provider",
        1,
        "tests/a.tftest.hcl",
        'mock_provider "random" {}\n',
    ),
    (
        "provider by meta-argument",
        "main.tf",
        'resource "aws_vpc" "x" {\n  provider = docker.y\n}\n',
        "provider",
        1,
        "main.tf",
        'resource "aws_vpc" "x" {\n  provider = aws.y\n}\n',
    ),
    (
        "no address of a provider",
        "main.tf",
        'terraform {\n  required_providers {\n    a = { source = "a b/../c" }\n  }\n}\n',
        "provider",
        3,
        "main.tf",
        "terraform {}\n",
    ),
    (
        "deep nesting",
        "main.tf",
        "\nlocals {\n  a = " + "[" * 5_000 + "]" * 5_000 + "\n}\n",
        "unreadable",
        3,
        "main.tf",
        "\nlocals {\n  a = " + "[" * 50 + "]" * 50 + "\n}\n",
    ),
    ("syntax", "main.tf", 'variable "x" {\n  type string\n}\n', "syntax", 1, "main.tf", OK.decode()),
    ("bidi in code", "main.tf", "# ok\n# \u202e evil\n", "invisible-text", 2, "main.tf", "# ok é 👩\u200d💻\n"),
    ("zero width in a README", "README.md", "a\n\nb\u200bc\n", "invisible-text", 3, "README.md", "a\tb\r\n"),
]


@pytest.mark.checklist("T-24", "T-25", "T-26", "T-29", "S19")
@pytest.mark.parametrize("row", CODE, ids=[row[0] for row in CODE])
def test_code_that_is_refused_and_its_neighbour_that_passes(row) -> None:
    _, path, bad, rule, line, good_path, good = row
    assert (rule, path, line) in rules({path: bad.encode()})
    assert not rules({good_path: good.encode()})


@pytest.mark.parametrize(("body", "words"), [("", "no `source`"), ("  source = var.x\n", "a plain string")])
def test_a_call_without_a_source_is_told_apart_from_one_that_is_computed(body: str, words: str) -> None:
    code = f'module "x" {{\n{body}}}\n'.encode()
    [found] = [one for one in screen({"main.tf": code}, Policy()).findings if one.rule == "module-source"]
    assert words in found.message


def test_a_tests_modules_are_seen_from_the_root() -> None:
    code = 'run "x" {\n  module {\n    source = "%s"\n  }\n}\n'
    assert not rules({"tests/a.tftest.hcl": (code % "./tests/setup").encode()})
    assert ("module-source", "tests/a.tftest.hcl", 3) in rules({"tests/a.tftest.hcl": (code % "../setup").encode()})


@pytest.mark.checklist("T-20")
def test_unsafe_and_clashing_names_are_refused() -> None:
    assert ("file-name", "../x.tf", None) in rules({"../x.tf": OK})
    assert {rule for rule, _, _ in rules({"a.tf": OK, "A.tf": OK})} == {"file-name"}


@pytest.mark.checklist("T-18")
def test_sizes_are_capped() -> None:
    policy = Policy(max_files=2, max_file_bytes=10, max_total_bytes=20)
    assert ("too-large", "a.md", None) in rules({"a.md": b"x" * 11}, policy)
    assert ("too-large", None, None) in rules({"a.md": b"x" * 10, "b.md": b"x" * 10, "c.md": b""}, policy)
    assert ("too-large", None, None) in rules({"a.md": b"x" * 10, "b.md": b"x" * 9, "c.md": b"x" * 10}, policy)
    code = {f"{name}.tf": b"locals {\n  a = 1\n}\n" for name in "abc"}
    assert rules(code, Policy(max_tokens=50)) == set()
    assert rules(code, Policy(max_tokens=30)) == {("too-large", "c.tf", None)}


def test_a_policy_may_allow_another_provider() -> None:
    files = {"main.tf": b'resource "local_file" "x" {}\n'}
    allowed = Policy().allowed_providers | {"registry.terraform.io/hashicorp/local"}
    assert not rules(files, Policy(allowed_providers=allowed))


def test_every_provider_is_found_once_with_its_first_place() -> None:
    files = {
        "main.tf": b'resource "aws_vpc" "a" {}\nresource "terraform_data" "b" {}\nresource "my_thing" "c" {}\n',
        "versions.tf": b'terraform {\n  required_providers {\n    my = {\n      source = "Acme/Mine"\n    }\n  }\n}\n',
        "tests/a.tftest.hcl": b'mock_provider "my" {}\nmock_provider "time" {}\n',
    }
    found = needed_providers({path: parse(path, data) for path, data in files.items()})
    assert {(p.source, p.path, p.line) for p in found} == {
        ("registry.terraform.io/hashicorp/aws", "main.tf", 1),
        ("terraform.io/builtin/terraform", "main.tf", 2),
        ("registry.terraform.io/acme/mine", "main.tf", 3),
        ("registry.terraform.io/hashicorp/time", "tests/a.tftest.hcl", 2),
    }


def test_a_path_out_of_the_module_is_refused_at_its_line() -> None:
    code = b'locals {\n  a = file("${path.module}/a.txt")\n  b = file("/etc/passwd")\n  c = file("../x")\n}\n'
    found = {one for one in rules({"main.tf": code}) if one[0] == "outside-path"}
    assert found == {("outside-path", "main.tf", 3), ("outside-path", "main.tf", 4)}
