"""Plain HCL values as JSON, and everything else left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.literals import json_text


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"eu-west-1"', '"eu-west-1"'),
        ('"a \\"b\\" \\u00e9 $${x} %%{y} \\\\"', '"a \\"b\\" é ${x} %{y} \\\\"'),
        ("60", "60"),
        ("-1.50", "-1.50"),
        ("1e3", "1e3"),
        ("007", "7"),
        ("true", "true"),
        ("null", "null"),
        ("[]", "[]"),
        ("[ # none\n]", "[]"),
        ('["a", 1, [true],]', '["a",1,[true]]'),
        ("{}", "{}"),
        ('{\n  b = 1 // one\n  a = { "k-1" : null }\n}', '{"a":{"k-1":null},"b":1}'),
        ("{ a = 1, b = 2 }", '{"a":1,"b":2}'),
        ("<<EOT\nhello\n  world\nEOT", '"hello\\n  world\\n"'),
        ("<<-EOT\n    hello\n      world\n  EOT\n", '"hello\\n  world\\n"'),
        ("{\n  a = <<EOT\nx\nEOT\n  b = 2\n}", '{"a":"x\\n","b":2}'),
    ],
)
def test_a_plain_value_has_a_json_text(expression: str, expected: str) -> None:
    assert json_text(expression) == expected
    json.loads(expected)


@pytest.mark.parametrize(
    "expression",
    ["", "60 * 24", 'upper("a")', "var.x", '"${var.x}"', '"%{if true}a%{endif}"', "[1 2]", "{ a = 1 b = 2 }", "[1",
     '"a', "<<EOT\nx", "[" * 60 + "]" * 60, "1.2.3", "1 2", "{ (x) = 1 }", "-", "[,]"],
)  # fmt: skip
def test_what_is_more_than_a_value_has_none(expression: str) -> None:
    assert json_text(expression) is None


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z][a-z_]*", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=12,
)


def _written(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{\n" + "\n".join(f"  {name} = {_written(one)}" for name, one in value.items()) + "\n}"
    return json.dumps(value)


@given(_VALUES)
def test_any_value_comes_back(value: object) -> None:
    text = json_text(_written(value))
    if "$$" in _written(value) or "%%" in _written(value):
        return  # `$` before an escape: Terraform itself reads `$$${` as it likes
    assert text is not None and json.loads(text) == value


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    found = json_text(text)
    assert found is None or json.loads(found) is not Ellipsis
