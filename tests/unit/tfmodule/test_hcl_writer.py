"""HCL that we write: what a stranger's text cannot do in it, and that it reads back as it went in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmodule.hcl import read_facts
from tfmodule.hcl_writer import Block, Reference, document, literal


def test_a_document_is_canonical() -> None:
    text = document(
        [
            Block(
                "terraform",
                (),
                {"required_version": ">= 1.7"},
                (Block("required_providers", (), {"aws": {"source": "a", "version": "b"}}),),
            ),
            Block(
                "module",
                ("this",),
                {"source": "./x", "tags": {"a b": 1, "c": [True, None]}, "long_name": 2.5, "v": Reference("var.v[0]")},
            ),
        ]
    ).decode()
    assert text == (
        "terraform {\n"
        '  required_version = ">= 1.7"\n'
        "\n"
        "  required_providers {\n"
        "    aws = {\n"
        '      source  = "a"\n'
        '      version = "b"\n'
        "    }\n"
        "  }\n"
        "}\n"
        "\n"
        'module "this" {\n'
        '  source = "./x"\n'
        "  tags = {\n"
        '    "a b" = 1\n'
        "    c     = [true, null]\n"
        "  }\n"
        "  long_name = 2.5\n"
        "  v         = var.v[0]\n"
        "}\n"
    )


def test_text_is_quoted() -> None:
    assert literal('${file("x")} %{ if } "\\\n\u202e') == '"$${file(\\"x\\")} %%{ if } \\"\\\\\\n\\u202e"'


@pytest.mark.parametrize("path", ["", "a b", "file(x)", "a.b.", '"x"', "a${b}", "a\nb"])
def test_only_references_go_in_unquoted(path: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        Reference(path)


def test_names_are_names() -> None:
    with pytest.raises(ValueError, match="not a name"):
        document([Block("a b")])
    with pytest.raises(ValueError, match="not a name"):
        document([Block("module", ("x",), {"a = 1\nb": 1})])


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_reads_back(text: str) -> None:
    data = document([Block("variable", ("x",), {"description": text, "default": 1})])
    facts = read_facts({"variables.tf": data})
    assert facts.problems == ()
    assert [variable.default_text for variable in facts.variables] == ["1"]
    if "${" not in text and "%{" not in text:
        assert facts.variables[0].description == text
