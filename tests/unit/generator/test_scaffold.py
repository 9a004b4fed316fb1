"""What a module gets that no writer wrote."""

from dataclasses import replace

import pytest

from generator import scaffold
from generator.request import Ask, Proposal

_ASK = Ask("a thing", None, None, "acme")
_PROPOSAL = Proposal(
    "thing",
    "aws",
    "Thing @everyone <b>x</b>",
    "A thing. Fixes #1",
    {
        "main.tf": b'resource "aws_s3_bucket" "this" {\n  bucket = var.name\n}\n',
        "variables.tf": b'variable "name" {\n  type = string\n}\n\nvariable "tags" {\n  default = {}\n}\n',
        "outputs.tf": b'output "id" {\n  value = aws_s3_bucket.this.id\n}\n',
    },
    "test:writer",
    assumptions=("It is <script>small</script>.",),
    notes=("It costs nothing.",),
)


def test_what_is_missing_is_added() -> None:
    files = scaffold.complete(_PROPOSAL)
    assert b'version = ">= 5.0, < 7.0"' in files["versions.tf"]
    assert files["examples/minimal/main.tf"] == (b'module "thing" {\n  source = "../../"\n  name   = "example"\n}\n')
    assert b"value       = module.thing.id" in files["examples/minimal/outputs.tf"]
    assert b'mock_provider "aws"' in files["tests/defaults.tftest.hcl"]
    assert b"Apache License" in files["LICENSE"]


def test_what_the_writer_supplied_stays() -> None:
    own = {
        "versions.tf": b"terraform {\n}\n",
        "examples/minimal/main.tf": b"# mine\n",
        "tests/mine.tftest.hcl": b"# mine\n",
        "LICENSE": b"mine\n",
    }
    files = scaffold.complete(replace(_PROPOSAL, files={**_PROPOSAL.files, **own}))
    assert {path: files[path] for path in own if path != "LICENSE"} == {p: d for p, d in own.items() if p != "LICENSE"}
    assert files["LICENSE"] != b"mine\n"
    assert "tests/defaults.tftest.hcl" not in files


@pytest.mark.checklist("G24")
def test_there_is_never_a_workflow() -> None:
    hidden = {path for path in scaffold.complete(_PROPOSAL) if path.startswith(".")}
    assert hidden == {".tflint.hcl", ".pre-commit-config.yaml"}


def test_the_readme_is_made_of_the_code_and_harmless() -> None:
    files = scaffold.with_readme(scaffold.complete(_PROPOSAL), _PROPOSAL, _ASK)
    readme = files["README.md"].decode()
    assert readme.startswith("# Thing everyone x\n\nA thing. Fixes no. 1\n")
    assert "| `name` |" in readme
    assert files["examples/minimal/main.tf"].decode() in readme
    assert "- It is small." in readme
    assert "<b>" not in readme


def test_a_registry_host_gives_the_block_to_copy() -> None:
    ask = replace(_ASK, registry_host="registry.acme.test")
    readme = scaffold.with_readme(scaffold.complete(_PROPOSAL), _PROPOSAL, ask)["README.md"].decode()
    assert 'source  = "registry.acme.test/acme/thing/aws"' in readme


def test_a_fence_in_an_example_does_not_end_the_fence() -> None:
    files = {**scaffold.complete(_PROPOSAL), "examples/minimal/main.tf": b"# ```\n# ````\n"}
    readme = scaffold.with_readme(files, _PROPOSAL, _ASK)["README.md"].decode()
    assert "`````hcl\n# ```\n# ````\n`````" in readme
