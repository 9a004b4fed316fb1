"""The schema tier: a provider that no mirror has, its schema in its place, and what Terraform then still sees."""

from dataclasses import replace
from pathlib import Path

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.material import Evidence
from gate.policy import Policy
from gate.report import Report, Tier

Module = dict[str, bytes]


@pytest.fixture
def nothing(cold_engine: EngineSettings, tmp_path: Path) -> EngineSettings:
    """An engine beside an empty mirror."""
    return replace(cold_engine, provider_mirror=str(tmp_path))


def places(report: Report) -> set[tuple[str, str]]:
    return {(finding.rule, finding.place) for finding in report.errors}


def test_a_module_for_aws_is_judged_by_the_schema_alone(aws_without_mirror: Module, nothing: EngineSettings) -> None:
    report = judge(aws_without_mirror, profile="house", engine=nothing, evidence=Evidence(guarded=True))
    assert (report.verdict, report.tier) == ("passed", "schema")
    assert [(finding.rule, finding.severity) for finding in report.findings] == [("tier", "note")]
    assert "5.100.0" in report.findings[0].message
    assert {check.outcome for check in report.checks if check.id in ("init", "validate", "test")} == {"passed"}
    unasked = {check.id: (check.outcome, bool(check.note)) for check in report.checks if check.number in (11, 40)}
    assert unasked == dict.fromkeys(("schema", "deprecated"), ("not-applicable", True))


AZURE = b"""terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0"
    }
  }
}

resource "azurerm_resource_group" "this" {
  name     = "x"
  location = "westeurope"
}
"""


@pytest.mark.parametrize("tier", [None, "derived"])
def test_a_module_for_a_provider_without_a_schema_is_undecided_and_says_which(
    tier: Tier | None, nothing: EngineSettings
) -> None:
    """Nothing derives schemas from public packages: a policy that would take them gets none either."""
    report = judge({"main.tf": AZURE}, profile="safety", engine=nothing, policy=Policy(required_tier=tier))
    assert (report.verdict, report.tier) == ("undecided", "none")
    missing = next(finding for finding in report.findings if finding.rule == "provider-missing")
    assert "hashicorp/azurerm" in missing.message and missing.path == "main.tf" and missing.fix
    outcomes = {check.id: check.outcome for check in report.checks if check.id in ("fmt", "init", "validate", "test")}
    assert outcomes == {"fmt": "passed", "init": "undecided", "validate": "undecided", "test": "undecided"}


@pytest.mark.parametrize(
    ("path", "change", "place", "word"),
    [
        ("main.tf", (b"bucket =", b"buckets ="), "main.tf:2", "buckets"),
        pytest.param(
            "main.tf", (b"aws_s3_bucket", b"aws_s3_buckett"), "main.tf:1", '"aws_s3_bucket"', marks=pytest.mark.prove
        ),
        pytest.param(
            "main.tf",
            (b"lower(var.name)", b"lower(var.name)\n  force_destroy = []"),
            "main.tf:3",
            "bool",
            marks=pytest.mark.prove,
        ),
        pytest.param(
            "tests/basic.tftest.hcl", (b'"web"', b'"WEB"'), "tests/basic.tftest.hcl:9", "lower", marks=pytest.mark.prove
        ),
    ],
)
def test_what_the_schema_tells_is_found(
    aws_without_mirror: Module, nothing: EngineSettings, path: str, change: tuple[bytes, bytes], place: str, word: str
) -> None:
    module = aws_without_mirror | {path: aws_without_mirror[path].replace(*change)}
    report = judge(module, profile="safety", engine=nothing)
    assert (report.verdict, report.tier) == ("refused", "schema")
    assert place in {place for _, place in places(report)}
    assert any(word in finding.message for finding in report.errors)


@pytest.mark.parametrize(
    ("path", "data", "policy"),
    [
        ("versions.tf", b'terraform {\n  required_providers {\n    aws = { version = "< 5.0" }\n  }\n}\n', Policy()),
        ("more.tf", b'locals {\n  x = provider::aws::arn_parse("x")\n}\n', Policy()),
        ("more.tf", b"", Policy(required_tier="provider")),
        ("more.tf", b'resource "azurerm_resource_group" "x" {}\n', Policy()),
    ],
    ids=["another version", "a function of the provider", "the policy wants the provider", "no such schema"],
)
def test_where_the_schema_is_not_enough_it_stays_open(
    aws_without_mirror: Module, nothing: EngineSettings, path: str, data: bytes, policy: Policy
) -> None:
    report = judge(aws_without_mirror | {path: data}, profile="safety", engine=nothing, policy=policy)
    assert (report.verdict, report.tier) == ("undecided", "none")
    found = [finding for finding in report.findings if finding.rule == "provider-missing"]
    assert found
    assert "TERRASMITH_PROVIDER_MIRROR" in found[0].fix
