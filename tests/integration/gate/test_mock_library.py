"""The mock library with the real Terraform and AWS provider: plan and apply pass with it, and do not without."""

import json
import time
from dataclasses import replace

import pytest

from gate.engines.binary import BinaryEngine
from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.mirror import REGISTRY_HOST, find_mirror, versions_in
from gate.mocks import FOLDER, library, mocks_for
from gate.workspace import open_workspace

CODE = b"""terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_availability_zones" "this" {}
data "aws_vpc" "this" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
  }
}

resource "aws_iam_role" "this" {
  name               = "mock"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_kms_key" "this" {
  policy = data.aws_iam_policy_document.assume.json
}

resource "aws_sqs_queue" "dead" {
  name   = "dead"
  policy = data.aws_iam_policy_document.assume.json
}

resource "aws_cloudwatch_log_group" "this" {
  name       = "mock"
  kms_key_id = aws_kms_key.this.arn
}

resource "aws_lambda_function" "this" {
  function_name = "mock"
  role          = aws_iam_role.this.arn
  runtime       = "python3.12"
  handler       = "x.y"
  filename      = "x.zip"
  kms_key_arn   = aws_kms_key.this.arn

  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_subnet" "this" {
  vpc_id            = data.aws_vpc.this.id
  cidr_block        = cidrsubnet(data.aws_vpc.this.cidr_block, 8, 1)
  availability_zone = data.aws_availability_zones.this.names[1]
}

output "effect" {
  value = jsondecode(data.aws_iam_policy_document.assume.json).Statement[0].Effect
}
"""
RUNS = b"""
run "plan" {
  command = plan
}

run "apply" {
  command = apply

  assert {
    condition     = output.effect == "Allow" && can(regex("^arn:aws:iam::[0-9]{12}:role/", aws_iam_role.this.arn))
    error_message = "not as mocked"
  }
}
"""


@pytest.fixture
def engine() -> BinaryEngine:
    if not versions_in(find_mirror(None), f"{REGISTRY_HOST}/hashicorp/aws"):
        pytest.skip("no provider mirror with hashicorp/aws on this machine")
    found = find_engine(EngineSettings(timeout_seconds=300))
    if not isinstance(found, BinaryEngine):
        pytest.skip("neither terraform nor tofu is on PATH")
    return found


def test_data_sources_policies_and_arns_plan_and_apply_with_the_library_alone(engine: BinaryEngine) -> None:
    files = {
        "main.tf": CODE,
        "x.zip": b"",
        "tests/bare.tftest.hcl": b'mock_provider "aws" {}\n' + RUNS,
        "tests/library.tftest.hcl": f'mock_provider "aws" {{\n  source = "./{FOLDER}/aws"\n}}\n'.encode() + RUNS,
    }
    files |= mocks_for(files)
    with open_workspace(files, find_mirror(None)) as workspace, engine.open(workspace) as session:
        end = time.monotonic() + 300
        begun = session.run(["init", "-backend=false", "-input=false", "-no-color"], directory="", deadline=end)
        assert begun.code == 0, begun.stderr
        formatted = session.run(["fmt", "-check", "-recursive", "-no-color"], directory="", deadline=end)
        assert "tfmock" not in formatted.stdout
        done = session.run(["test", "-json", "-no-color"], directory="", deadline=end)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    ends = [one["test_file"] for one in told if one.get("test_file", {}).get("progress") == "complete"]
    status = {one["path"]: one["status"] for one in ends}
    assert status.pop("tests/bare.tftest.hcl") in ("fail", "error")
    assert status == {"tests/library.tftest.hcl": "pass"}, done.stdout[-3_000:]


@pytest.mark.prove
def test_every_default_for_aws_is_something_that_the_provider_computes(engine: BinaryEngine) -> None:
    """Terraform refuses a default for what does not exist, and ignores one for what only people set."""
    roomy = replace(engine, limits=replace(engine.limits, output_bytes=64 << 20))
    with open_workspace({"main.tf": CODE}, find_mirror(None)) as workspace, roomy.open(workspace) as session:
        end = time.monotonic() + 300
        assert session.run(["init", "-backend=false", "-no-color"], directory="", deadline=end).code == 0
        done = session.run(["providers", "schema", "-json"], directory="", deadline=end)
    [schema] = json.loads(done.stdout)["provider_schemas"].values()
    wrong = []
    for kind, known in (("data", schema["data_source_schemas"]), ("resource", schema["resource_schemas"])):
        for of, defaults in library("aws")[kind].items():
            attributes = known.get(of, {}).get("block", {}).get("attributes", {})
            wrong += [f"{kind} {of}.{name}" for name in defaults if not attributes.get(name, {}).get("computed")]
    assert wrong == []
