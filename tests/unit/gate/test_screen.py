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
    "files", [{}, {"README.md": b"# Later\n"}, {"modules/a/main.tf": OK}, {"tests/a.tftest.hcl": b""}]
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


@pytest.mark.checklist("T-24")
@pytest.mark.parametrize(
    "source",
    [
        "git::https://example.com/x.git",
        "git::ext::sh -c touch% x",
        "https://example.com/x.zip",
        "hg::http://x/y",
        "s3::https://s3.amazonaws.com/b/k.zip",
        "gcs::https://x/y",
        "file:///etc",
        "/etc/x",
        "github.com/a/b",
        "git@github.com:a/b.git",
        "bitbucket.org/a/b",
        "../../../etc",
        "./../..",
        "./x?checksum=file:http://127.0.0.1/",
        "./a//b",
        ".\\x",
        "C:/x",
        "",
        "x.tar.gz",
        "a/b/c",
        "app.terraform.io/a/b/c",
        "${path.module}/x",
        "${var.source}",
        "./${var.x}",
        "~/x",
        "https://x/y//z",
    ],
)
def test_foreign_sources_are_refused_in_every_form(source: str) -> None:
    code = f'\nmodule "x" {{\n  source = "{source}"\n}}\n'.replace("\\", "\\\\")
    assert ("module-source", "main.tf", 3) in rules({"main.tf": code.encode()})


@pytest.mark.parametrize(("body", "words"), [("", "no `source`"), ("  source = var.x\n", "a plain string")])
def test_a_call_without_a_source_is_told_apart_from_one_that_is_computed(body: str, words: str) -> None:
    code = f'module "x" {{\n{body}}}\n'.encode()
    [found] = [one for one in screen({"main.tf": code}, Policy()).findings if one.rule == "module-source"]
    assert words in found.message


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("main.tf", "./modules/x"),
        ("modules/x/main.tf", "../y"),
        ("examples/a/main.tf", "../../"),
        ("examples/a/main.tf", "../.."),
        ("examples/a/main.tf", "registry.acme.dev/acme/bucket/aws"),
        ("examples/a/main.tf", "acme/bucket/aws//modules/x"),
        ("examples/a/main.tf", "127.0.0.1:8080/acme/bucket/aws"),
    ],
)
def test_sources_inside_the_module_pass(path: str, source: str) -> None:
    assert not rules({path: f'module "x" {{\n  source = "{source}"\n}}\n'.encode()})


def test_a_tests_modules_are_seen_from_the_root() -> None:
    code = 'run "x" {\n  module {\n    source = "%s"\n  }\n}\n'
    assert not rules({"tests/a.tftest.hcl": (code % "./tests/setup").encode()})
    assert ("module-source", "tests/a.tftest.hcl", 3) in rules({"tests/a.tftest.hcl": (code % "../setup").encode()})
    assert ("module-source", "tests/a.tftest.hcl", 3) in rules({"tests/a.tftest.hcl": (code % "a/b/c").encode()})


def test_a_registry_address_in_an_example_is_noted() -> None:
    found = screen(
        {"examples/a/main.tf": b'module "x" {\n  source = "acme/bucket/aws"\n}\n', "main.tf": OK}, Policy()
    ).findings
    assert [(f.rule, f.severity, f.line) for f in found] == [("registry-source", "note", 1)]


PLANTED = [
    ".terraform/providers/registry.terraform.io/x/y/1.0.0/linux_amd64/p",
    ".terraform/modules/modules.json",
    "examples/a/.terraform/x",
    "terraform.d/plugins/x/y/z/1.0.0/linux_amd64/p",
    ".terraform.d/x",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "examples/a/terraform.tfstate",
    "x.tfplan",
    "terraform.tfvars",
    "TERRAFORM.TFVARS",
    "x.auto.tfvars",
    "x.auto.tfvars.json",
    ".terraformrc",
    "terraform.rc",
    ".tofurc",
    ".checkov.yml",
    ".checkov.yaml",
    "override.tf",
    "main_override.tf",
    "main.tf.json",
    "main.tofu",
    "x.tftest.json",
    ".git/hooks/pre-commit",
    "key.pem",
    "id_rsa",
    ".env",
]


@pytest.mark.checklist("T-21", "T-20")
@pytest.mark.parametrize("path", PLANTED)
def test_planted_files_are_refused_and_never_reach_the_workspace(path: str) -> None:
    screened = screen({path: b"", "main.tf": OK}, Policy())
    assert ("planted-file", path, None) in {(f.rule, f.path, f.line) for f in screened.findings}
    assert all(finding.fix for finding in screened.findings)
    assert set(screened.admitted) == {"main.tf"}


@pytest.mark.checklist("T-21")
@pytest.mark.parametrize(
    "path", [".github/workflows/x.yml", ".tflint.hcl", "trivy.yaml", ".terraform.lock.hcl", ".gitignore"]
)
def test_other_tools_files_stay_outside_without_complaint(path: str) -> None:
    screened = screen({path: b"\xff", "main.tf": OK}, Policy())
    assert not screened.findings
    assert set(screened.admitted) == {"main.tf"}


@pytest.mark.parametrize("path", ["x.exe", "lambda.zip", "x.so", "terraform-provider-x", "x.jar"])
def test_unknown_kinds_are_refused(path: str) -> None:
    assert ("file-type", path, None) in rules({path: b""})


@pytest.mark.parametrize(
    "path",
    ["README.md", "LICENSE", "docs/a.png", "templates/user-data.sh", "x.tftpl", "examples/a/dev.tfvars", "Makefile"],
)
def test_known_kinds_lie_beside_the_code(path: str) -> None:
    screened = screen({path: b"text", "main.tf": OK}, Policy())
    assert not screened.findings
    assert path in screened.admitted


def test_binary_in_disguise_is_refused() -> None:
    assert ("not-text", "x.sh", 2) in rules({"x.sh": b"#!\n\x7fELF\xff\xfe"})


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
