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
    assert "\n\nOld words.\n\n### Deeper\n\nold\n" in text, "only rows of tables are ours to change"
    assert mended(after) == after


README = "# X\n\n{}\n\n## Licence\n"
WRITTEN_BY_OTHERS = [
    "<!-- BEGIN -->\n## Inputs\n\n| Name |\n| --- |\n| `old` |\n\n## Outputs\n\nNo outputs.\n<!-- END -->",
    "## Requirements\n\nAn account.\n\n1. a\n2. b\n\n| Name |\n| --- |\n| `old` |\n\nSee above.",
    "## Inputs\n\nold\n\n# Other\n\n## Inputs\n\n| Name |\n| --- |\n| `z` |",
    "### inputs\n| Name |\n| --- |\n| `old` |\nwords",
    "~~~md\n## Inputs\nkept\n~~~\n\nwords",
    "````md\n```\n## Inputs\nkept\n```\n````\n\nwords",
    "<!--\n## Inputs\nkept\n-->\nwords",
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("section", WRITTEN_BY_OTHERS)
def test_a_fixer_takes_nothing_out_of_a_readme_but_rows_of_its_tables(section: str, end: str) -> None:
    before = README.format(section).replace("\n", end)
    files = {"main.tf": b'variable "name" {\n  type = string\n}\n', "README.md": before.encode()}
    after = dict(mended(files))
    text = after["README.md"].decode()
    assert "| `name` |" in text
    assert text.count(end) == text.count("\n")
    kept = iter(text.split(end))
    words = [line for line in before.split(end) if not line.startswith("| ") and line not in ("", "No outputs.")]
    assert [line for line in words if line not in kept] == [], "all of them, in their order"
    assert mended(after) == after


def test_a_provider_that_nobody_knows_is_not_made_up() -> None:
    files = {"main.tf": b'resource "evilcorp_thing" "x" {\n}\nresource "datadog_monitor" "x" {\n}\n'}
    assert mended(files) == files


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
