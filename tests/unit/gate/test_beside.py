"""What stands beside the module is set aside under the safety profile; of the module itself nothing is forgiven."""

import pytest

from gate.file_types import belongs, is_certificate
from gate.modules import NO_MODULES
from gate.policy import Policy
from gate.report import Profile
from gate.scanning.areas import split
from gate.screen import Screened, lacking, screen

OK = b'variable "x" {\n  type = string\n}\n'
PROVISIONER = b'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "true"\n  }\n}\n'
FORGIVEN = {
    "provisioner": PROVISIONER,
    "reaching-data": b'data "http" "x" {\n  url = "http://127.0.0.1/"\n}\n',
    "backend": b'terraform {\n  backend "http" {\n    address = "http://127.0.0.1/"\n  }\n}\n',
    "provider": b'resource "docker_image" "x" {\n  name = "x"\n}\n'
    b'terraform {\n  required_providers {\n    docker = {\n      source = "kreuzwerker/docker"\n    }\n  }\n}\n',
}
CALL = 'module "x" {\n  source = "%s"\n}\n'
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n"


def looked(files: dict[str, bytes], profile: Profile = "safety") -> Screened:
    return screen({"main.tf": OK} | files, Policy(), profile=profile)


def errors(files: dict[str, bytes], profile: Profile = "safety") -> set[tuple[str, str | None]]:
    return {(f.rule, f.path) for f in looked(files, profile).findings if f.severity == "error"}


@pytest.mark.checklist("T-26", "T-21", "T-25")
@pytest.mark.parametrize("rule", FORGIVEN)
@pytest.mark.parametrize(
    "place", ["examples/a", "modules/m/examples/a", "tests/setup", "test/fixtures/a", "codelabs/a"]
)
def test_what_an_example_would_run_is_told_scanned_and_kept_from_every_engine(rule: str, place: str) -> None:
    path = f"{place}/main.tf"
    screened = looked({path: FORGIVEN[rule], "modules/m/main.tf": OK})
    assert not screened.refused
    told = [f for f in screened.findings if f.path == path and f.rule == rule]
    assert told
    assert all(f.severity == "warning" and f.line and f.fix and "not run" in f.message for f in told)
    assert path not in screened.admitted
    assert path not in screened.run
    assert path in screened.scannable
    assert rule in {found for found, _ in errors({path: FORGIVEN[rule]}, "house")}


@pytest.mark.checklist("T-26", "T-21", "T-25")
@pytest.mark.parametrize("rule", FORGIVEN)
@pytest.mark.parametrize("path", ["x.tf", "modules/m/x.tf", "wrappers/x.tf", "deploy/x.tf", "modules/examples/x.tf"])
def test_the_module_its_submodules_and_unnamed_folders_are_forgiven_nothing(rule: str, path: str) -> None:
    assert (rule, path) in errors({path: FORGIVEN[rule]})


@pytest.mark.checklist("T-26", "T-24")
@pytest.mark.parametrize("rule", FORGIVEN)
def test_an_example_that_the_module_calls_is_forgiven_nothing(rule: str) -> None:
    """Also by a detour: else the folder's name alone would let it in."""
    files = {
        "calls.tf": (CALL % "./modules/m").encode(),
        "modules/m/main.tf": (CALL % "../../examples/a").encode(),
        "examples/a/main.tf": (CALL % "./deep").encode(),
        "examples/a/deep/main.tf": FORGIVEN[rule],
    }
    assert (rule, "examples/a/deep/main.tf") in errors(files)


@pytest.mark.checklist("T-26")
def test_whatever_calls_what_is_set_aside_is_set_aside_as_well() -> None:
    run = 'run "x" {\n  module {\n    source = "%s"\n  }\n}\n'
    files = {
        "examples/bad/main.tf": PROVISIONER,
        "examples/round/main.tf": (CALL % "../bad").encode(),
        "examples/further/main.tf": (CALL % "../round").encode(),
        "examples/good/main.tf": (CALL % "../../").encode(),
        "tests/bad.tftest.hcl": (run % "./examples/bad").encode(),
        "tests/round.tftest.hcl": (run % "./examples/round").encode(),
        "tests/good.tftest.hcl": (run % "./examples/good").encode(),
    }
    screened = looked(files)
    assert not screened.refused
    assert set(screened.admitted) == {"main.tf", "examples/good/main.tf", "tests/good.tftest.hcl"}
    assert {f.path for f in screened.findings if f.rule == "left-out"} == set(files) - {
        "examples/bad/main.tf",
        "examples/good/main.tf",
        "tests/good.tftest.hcl",
    }


@pytest.mark.checklist("T-35", "T-24")
def test_what_nobody_knows_or_leads_elsewhere_is_refused_in_examples_too() -> None:
    """People copy examples: an invented provider or a foreign address there is a trap."""
    invented = b'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/awss"\n    }\n  }\n}\n'
    assert ("provider", "examples/a/main.tf") in errors({"examples/a/main.tf": invented})
    computed = b"terraform {\n  required_providers {\n    aws = {\n      source = local.x\n    }\n  }\n}\n"
    assert ("provider", "examples/a/main.tf") in errors({"examples/a/main.tf": computed})
    git = (CALL % "git::https://example.com/x.git").encode()
    assert ("module-source", "examples/a/main.tf") in errors({"examples/a/main.tf": git})


@pytest.mark.checklist("T-25")
def test_an_example_does_not_hide_that_the_module_uses_the_provider_too() -> None:
    files = {"examples/a/main.tf": FORGIVEN["provider"], "modules/m/main.tf": FORGIVEN["provider"]}
    assert errors(files) == {("provider", "modules/m/main.tf")}
    second = {"examples/a/main.tf": FORGIVEN["provider"], "examples/b/main.tf": FORGIVEN["provider"]}
    assert not set(looked(second).admitted) & set(second), "what is told once is set aside twice"


@pytest.mark.checklist("T-21", "P-06")
@pytest.mark.parametrize("path", ["examples/a/lambda.zip", "test/Makefile.alpine", "docs/x.drawio", "examples/a/b1"])
def test_unknown_kinds_beside_the_module_are_neither_judged_nor_published(path: str) -> None:
    screened = looked({path: b"\xff\x00", "modules/m/main.tf": OK})
    assert not screened.refused
    assert [(f.rule, f.severity, f.path) for f in screened.findings] == [("left-out", "note", path)]
    assert path not in screened.scannable
    assert not belongs(path)
    assert ("file-type", path) in errors({path: b"\xff\x00"}, "house")
    inside = f"modules/m/{path.rsplit('/', 1)[1]}"
    assert ("file-type", inside) in errors({inside: b"\xff\x00"})


@pytest.mark.checklist("T-21")
def test_the_files_of_an_example_that_the_module_calls_are_its_own() -> None:
    files = {"calls.tf": (CALL % "./examples/a").encode(), "examples/a/main.tf": OK, "examples/a/files/x.zip": b"x"}
    assert errors(files) == {("file-type", "examples/a/files/x.zip")}


@pytest.mark.checklist("T-21")
def test_values_beside_the_module_are_left_out_and_never_honoured() -> None:
    files = {"examples/a/x.auto.tfvars": b'x = "y"\n', "tests/terraform.tfvars": b'x = "y"\n', "examples/a/m.tf": OK}
    screened = looked(files)
    assert not screened.refused
    assert {f.path for f in screened.findings} == set(files) - {"examples/a/m.tf"}
    assert set(screened.admitted) == {"main.tf", "examples/a/m.tf"}
    assert not any(map(belongs, set(files) - {"examples/a/m.tf"}))
    assert errors({"x.auto.tfvars": b"", "modules/m/terraform.tfvars": b""}) == {
        ("planted-file", "x.auto.tfvars"),
        ("planted-file", "modules/m/terraform.tfvars"),
    }


@pytest.mark.checklist("T-21")
@pytest.mark.parametrize(
    "path",
    [
        *("terraform.tfstate", "x.tfplan", ".terraform/providers/x", "terraform.d/plugins/x", ".terraformrc", "id_rsa"),
        *(".checkov.yaml", "main_override.tf", "main.tf.json", "main.tofu", ".netrc", ".env", "server.key"),
    ],
)
def test_what_is_planted_is_refused_in_examples_too(path: str) -> None:
    assert ("planted-file", f"examples/a/{path}") in errors({f"examples/a/{path}": b""})


@pytest.mark.parametrize("path", ["ca.pem", "examples/a/ca.crt", "modules/m/root.cer"])
def test_a_certificate_is_no_credential_and_a_private_key_is(path: str) -> None:
    files = {path: b"# issued by us\n" + CERTIFICATE * 2, "modules/m/main.tf": OK}
    screened = looked(files)
    assert not screened.findings
    assert path in screened.admitted
    assert belongs(path)
    for bad in (KEY, CERTIFICATE + KEY, b"", b"MIIB\n", KEY.replace(b"RSA ", b"ENCRYPTED ")):
        assert ("planted-file", path) in errors({path: bad})
        assert path not in looked({path: bad}).admitted
    assert not is_certificate(CERTIFICATE + b"-----begin private key-----\n")


@pytest.mark.checklist("T-18")
def test_what_nobody_reads_counts_to_the_sum_alone() -> None:
    policy = Policy(max_file_bytes=60, max_total_bytes=500)
    for path in (".github/banner.png", "docs/a.png", "examples/a/x.zip"):
        found = screen({"main.tf": OK, path: b"x" * 200}, policy, profile="safety").findings
        assert "too-large" not in {f.rule for f in found}, path
        assert screen({"main.tf": OK, path: b"x" * 600}, policy, profile="safety").refused
    for path in ("README.md", "examples/a/x.json", "x.zip", "modules/m/x.zip"):
        found = screen({"main.tf": OK, path: b"x" * 200}, policy, profile="safety").findings
        assert "too-large" in {f.rule for f in found}, path


def test_submodules_alone_are_a_module() -> None:
    only = screen({"modules/a/main.tf": OK, "README.md": b"# A\n"}, Policy(), profile="safety")
    assert not only.refused
    assert screen({"modules/main.tf": OK}, Policy(), profile="safety").refused
    assert screen({"examples/a/main.tf": OK}, Policy(), profile="safety").refused


def test_an_example_whose_provider_is_nowhere_is_set_aside_and_the_module_is_not() -> None:
    random, local = "registry.terraform.io/hashicorp/random", "registry.terraform.io/hashicorp/null"
    files = {
        "examples/a/main.tf": b'resource "random_id" "x" {\n  byte_length = 1\n}\n',
        "examples/b/main.tf": (CALL % "../../").encode(),
        "tests/a.tftest.hcl": b'mock_provider "random" {}\n',
        "null.tf": b'resource "null_resource" "x" {}\n',
        "examples/c/main.tf": b'resource "null_resource" "x" {}\n',
    }
    screened, findings = lacking(looked(files), {random, local})
    assert set(files) - set(screened.admitted) == {"examples/a/main.tf", "tests/a.tftest.hcl"}
    assert {(f.rule, f.severity, f.path) for f in findings} == {
        ("left-out", "warning", "examples/a/main.tf"),
        ("left-out", "warning", "tests/a.tftest.hcl"),
    }


@pytest.mark.checklist("T-31")
def test_scanners_take_an_example_that_the_module_calls_for_the_module() -> None:
    files = {"main.tf": (CALL % "./examples/a").encode(), "examples/a/main.tf": OK, "examples/b/main.tf": OK}
    texts = split(files, NO_MODULES).texts
    assert set(texts["module"]) == {"main.tf", "examples/a/main.tf"}
    assert set(texts["examples"]) == {"examples/b/main.tf"}


WRAPPER = """\
variable "items" {
  default = %s
}

variable "defaults" {
  default = {}
}

module "wrapper" {
  source   = "../"
  for_each = %s

  a = %s
}
"""


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    ("items", "each", "argument", "scanned"),
    [
        ("{}", "var.items", "try(each.value.a, var.defaults.a, true)", "a = true"),
        ("{}", "var.items", 'try(each.value.a.b, "x")', 'a = "x"'),
        ("{}", "var.items", "try(each.value.a, var.defaults.a, false)", "a = false"),
        ("{ x = { a = false } }", "var.items", "try(each.value.a, true)", None),
        ("{}", "{ x = { a = false } }", "try(each.value.a, true)", None),
        ("{}", "var.items", "try(each.value.a, var.items.a, var.other.a, true)", None),
        ("{}", "var.items", "try(false, true)", None),
        ("{}", "var.items", "try(each.value.a, var.defaults.a, var.defaults.b)", None),
        ("{}", "var.items", 'try(each.value.a, "${var.x}")', None),
    ],
)
def test_a_wrapper_is_scanned_as_an_item_that_says_nothing(
    items: str, each: str, argument: str, scanned: str | None
) -> None:
    """And only where nobody says anything: what the code itself gives is scanned as it is given."""
    text = WRAPPER % (items, each, argument)
    found = split({"main.tf": OK, "wrappers/main.tf": text.encode()}, NO_MODULES).texts["module"]["wrappers/main.tf"]
    assert found == (text if scanned is None else text.replace(f"a = {argument}", scanned))
