"""Fixers: what has one right form is brought to it, everything else stays byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.fixes import fixed, mended
from gate.material import Material
from gate.report import Finding
from gate.rules import documents, schema, versions
from tfmodule.hcl import parse
from tfmodule.schema_index import Schemas, index

USING_AWS = b'resource "aws_s3_bucket" "this" {\n  bucket = var.name\n}\n'
SCHEMAS = Schemas(
    (
        index(
            "registry.terraform.io/hashicorp/aws",
            "5.100.0",
            {
                "resource_schemas": {
                    "aws_s3_bucket": {
                        "block": {
                            "attributes": {"bucket": {"type": "string", "optional": True}},
                            "block_types": {"lifecycle_rule": {"block": {}}},
                        }
                    }
                }
            },
        ),
    )
)


def material(files: dict[str, bytes], schemas: Schemas | None = None) -> Material:
    return Material(files, {p: parse(p, data) for p, data in files.items() if p.endswith(".tf")}, schemas=schemas)


def test_a_name_that_the_schema_nearly_has() -> None:
    files = {
        "main.tf": b'resource "aws_s3_bucket" "this" {\n  buckett = "buckett" # buckett\n\n'
        b'  dynamic "lifecycle_rules" {\n    for_each = []\n    content {}\n  }\n}\n'
    }
    assert {f.rule for f in schema.known_names(material(files, SCHEMAS)).findings} == {"schema"}
    after = mended(files, SCHEMAS)
    assert after["main.tf"] == files["main.tf"].replace(b"  buckett =", b"  bucket =").replace(b"rules", b"rule")
    assert schema.known_names(material(dict(after), SCHEMAS)).outcome == "passed"


@pytest.mark.parametrize(
    "versions_tf",
    [
        None,
        b'terraform {\n  required_version = ">= 1.7"\n}\n',
        (
            b'terraform {\n  required_providers {\n    random = {\n      source  = "hashicorp/random"\n'
            b'      version = ">= 3.5"\n    }\n  }\n}\n'
        ),
    ],
)
def test_a_provider_that_nobody_declared(versions_tf: bytes | None) -> None:
    files = {"main.tf": USING_AWS} | ({"versions.tf": versions_tf} if versions_tf else {})
    assert versions.provider_floors(material(files)).outcome == "failed"
    after = dict(mended(files))
    assert versions.provider_floors(material(after)).outcome == "passed"
    assert after["main.tf"] == USING_AWS
    assert b'      source  = "hashicorp/aws"\n      version = ">= 5.0, < 7.0"\n' in after["versions.tf"]
    assert mended(after) == after


def test_the_tables_of_the_readme() -> None:
    files = {
        "main.tf": b'variable "name" {\n  type        = string\n  description = "The | name."\n}\n',
        "README.md": b"# X\n\nWords.\n\n## Inputs\n\nOld words.\n\n### Deeper\n\nold\n\n## Licence\n\nApache-2.0.\n",
    }
    after = dict(mended(files))
    text = after["README.md"].decode()
    assert documents.tables(material(after)).outcome == "passed"
    assert text.startswith("# X\n\nWords.\n\n## Inputs\n\n| Name |") and "\n## Licence\n\nApache-2.0.\n" in text
    assert "Old words" not in text and "Deeper" not in text
    assert mended(after) == after


def test_what_cannot_be_mended_for_sure_stays() -> None:
    one_line = {"main.tf": USING_AWS, "versions.tf": b"terraform { required_providers {} }\n"}
    broken = {"main.tf": USING_AWS + b"}"}
    empty = {"README.md": b"# X\n"}
    for files in (one_line, broken, empty):
        assert mended(files) == files
    strange = Finding("schema", "error", "`x` has no argument `y` here.", "gone.tf", 3, fix="Did you mean `z`?")
    assert fixed(broken, [strange, Finding("readme-tables", "warning", "m")]) == broken


@given(st.text(alphabet="ab#| \n`\r", max_size=200))
def test_any_readme_is_mended_once(text: str) -> None:
    files = {"main.tf": b'output "a" {\n  value = 1\n}\n', "README.md": text.encode()}
    after = mended(files)
    assert mended(after) == after
