"""The block to copy: the minimal example's values where they stand alone, placeholders where they do not."""

import pytest

from tfmodule.address import Address
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface
from tfmodule.usage import usage_block
from tfmodule.version import Version

VARIABLES = b'variable "name" {\n  type = string\n}\n\nvariable "tags" {\n  type    = map(string)\n  default = {}\n}\n'


def _block(example: bytes | None) -> str:
    files = {"variables.tf": VARIABLES} | ({"examples/minimal/main.tf": example} if example else {})
    interface = Interface.from_facts(read_facts(files))
    return usage_block(
        files, "registry.example.com", Address("acme", "bucket", "aws"), Version.parse("0.1.0"), interface
    )


def test_the_example_becomes_the_block() -> None:
    example = b'module "this" {\n  source = "../../"\n\n  name = "acme-logs"\n  tags = { team = "platform" }\n}\n'
    assert _block(example) == (
        'module "bucket" {\n  source  = "registry.example.com/acme/bucket/aws"\n  version = "~> 0.1"\n\n'
        '  name = "acme-logs"\n  tags = { team = "platform" }\n}\n'
    )


@pytest.mark.parametrize(
    "value",
    [
        "var.name",
        "random_pet.this.id",
        "local.name",
        '"${var.prefix}-logs"',
        "data.aws_region.current.name",
        "module.x.id",
    ],
)
def test_what_leans_on_something_else_becomes_a_placeholder(value: str) -> None:
    block = _block(f'module "this" {{\n  source = "../.."\n\n  name = {value}\n}}\n'.encode())
    assert '  name = ""\n' in block


def test_a_dot_inside_plain_text_is_no_reference() -> None:
    assert '"logs.example.com"' in _block(b'module "this" {\n  source = "../.."\n  name   = "logs.example.com"\n}\n')


def test_without_an_example_the_required_inputs_are_named() -> None:
    assert '  name = ""\n' in _block(None)
