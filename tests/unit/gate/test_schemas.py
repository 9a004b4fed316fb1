"""The kept schemas: what is cut out of them, and the message that carries it."""

import lzma
from pathlib import Path

import pytest

from gate import schemas
from gate.engines.stand_ins import find_stand_ins
from gate.schemas import protocol
from gate.schemas.kept import kept_versions, response

AWS = "registry.terraform.io/hashicorp/aws"


def test_a_schema_is_cut_to_the_types_that_are_named() -> None:
    found = response(AWS, "5.100.0", [b'resource "aws_sqs_queue" "x" {}', b"# data.aws_region"])
    assert b"aws_sqs_queue" in found
    assert b"aws_region" in found
    assert b"aws_instance" not in found
    assert len(found) < 20_000


def test_of_an_unknown_type_the_nearest_are_kept_so_that_terraform_can_name_them() -> None:
    assert b"aws_sqs_queue" in response(AWS, "5.100.0", [b'resource "aws_sqs_queu" "x" {}'])


def test_the_message_is_that_of_the_protocol() -> None:
    block = {"attributes": {"a": {"type": ["list", "string"], "required": True, "description": "left out"}}}
    found = protocol.provider_schema({"version": 1}, {"x_y": {"version": 300, "block": block}}, {}, {})
    provider, resource = "0a04" + "0801" + "1200", "1226" + "0a03785f79"  # version 1, an empty block; "x_y"
    schema, attribute = "121f" + "08ac02" + "121a", "1218" + "0a0161"  # version 300, a block; an attribute "a"
    kind, required = "1211" + b'["list","string"]'.hex(), "2001"
    assert found.hex() == provider + resource + schema + attribute + kind + required


@pytest.mark.parametrize(
    ("source", "constraint", "code", "found"),
    [
        (AWS, ">= 5.0", b"", True),
        (AWS, ">= 6.0", b"", False),
        (AWS, ">= 5.0", b"x = provider::aws::arn_parse(1)", False),
        ("registry.terraform.io/hashicorp/azurerm", ">= 1.0", b"", False),
    ],
)
def test_when_a_schema_stands_in(source: str, constraint: str, code: bytes, found: bool) -> None:
    chosen = find_stand_ins({source: ((constraint,),)}, None, {"main.tf": code})
    assert chosen == ({source: "5.100.0"} if found else {})


def test_every_kept_file_can_be_read_and_is_named_in_the_notice() -> None:
    folder = Path(str(schemas.__file__)).parent
    notice = (folder / "NOTICE.md").read_text(encoding="utf-8")
    kept = list(folder.glob("*.xz"))
    assert kept
    for path in kept:
        assert f"`{path.name}`" in notice
        assert lzma.decompress(path.read_bytes()).startswith(b"provider . {")
    assert kept_versions("registry.terraform.io/hashicorp/google") == ()
