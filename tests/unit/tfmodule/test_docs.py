"""The interface and what is printed of it: complete, stable, and inert where strangers' text stands in it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tfmodule.address import Address
from tfmodule.docs import interface_tables, module_block
from tfmodule.hcl import parse, read_facts
from tfmodule.interface import Input, Interface, OutputValue, Provider

FILES = {
    "a.tf": (
        b'variable "b" {\n  type = number\n  default = 1\n}\n'
        b'variable "a" {\n  type = map(string)\n  description = "An `x|y` <b>_a_</b>."\n}\n'
    ),
    "b.tf": b'output "o" {\n  description = "Out."\n  value = 1\n}\n',
    "c.tf": (
        b'terraform {\n  required_version = ">= 1.5"\n  required_providers {\n    aws = { version = ">= 5" }\n  }\n}\n'
    ),
}


def test_the_interface_is_sorted_and_survives_json() -> None:
    interface = Interface.from_facts(read_facts(FILES))
    assert [item.name for item in interface.inputs] == ["a", "b"]
    assert interface.providers == (Provider("aws", "hashicorp/aws", ">= 5"),)
    assert interface.outputs == (OutputValue("o", "Out.", value="1", shape="number"),)
    assert interface.required_inputs == (Input("a", "map(string)", "An `x|y` <b>_a_</b>.", None, required=True),)
    assert Interface.from_dict(json.loads(json.dumps(interface.to_dict()))) == interface


def test_the_tables() -> None:
    text = interface_tables(Interface.from_facts(read_facts(FILES)))
    assert "| `a` | An `x\\|y` &lt;b&gt;\\_a\\_&lt;/b&gt;. | `map(string)` | n/a | yes |" in text
    assert "| `b` | n/a | `number` | `1` | no |" in text
    assert "| aws | `>= 5` |" in text
    assert interface_tables(Interface()).count("None.") == 3


@given(st.text(max_size=80), st.text(max_size=80))
def test_strangers_text_makes_no_html_and_no_row(description: str, default: str) -> None:
    item = Input("x", "any", description, default or None, required=not default)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(interface_tables(Interface((item,))))
    assert html.count("<tr>") == 2
    assert html.count("<td>") == 5
    for tag in ("<script", "<img", "<a ", "<em", "<strong"):
        assert tag not in html


def test_the_block_is_terraform() -> None:
    inputs = [Input("name", "string", "", None, required=True), Input("cidrs", "list(string)", "", None, required=True)]
    text = module_block("registry.acme.dev", Address("acme", "bucket", "aws"), "~> 0.1", [*inputs, "other"])
    parsed = parse("x.tf", text.encode())
    assert parsed.problems == ()
    block = parsed.blocks[0]
    assert block.labels == ("bucket",)
    assert (block.literal("source"), block.literal("version")) == ("registry.acme.dev/acme/bucket/aws", "~> 0.1")
    assert (block.text("name"), block.text("cidrs"), block.text("other")) == ('""', "[]", '""')
