"""Expressions: what they refer to, at which line, and which texts they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.expressions import names_in, read_expression

CASES = {
    "var.name": ["var.name"],
    "aws_s3_bucket.this[0].arn": ["aws_s3_bucket.this.arn"],
    "one(aws_iam_role.x[*].arn)": ["aws_iam_role.x.arn"],
    'module.m["a"].out.deep': ["module.m.out.deep"],
    "data.aws_region.current.name": ["data.aws_region.current.name"],
    '"${var.a}-${lower("${local.b}")}"': ["var.a", "local.b"],
    '"$${var.a} %%{var.b} var.c"': [],
    "<<-EOT\n  var.x ${var.y}\n  EOT\n": ["var.y"],
    "# var.a\nvar.b // var.c\n/* var.d */": ["var.b"],
    "{ for k, v in var.m : k => v.name if v.on }": ["var.m", "v.name", "v.on"],
    "var.list[var.index].name": ["var.list", "var.index"],
    "{ tags = merge(var.tags, { Name = local.id }) }": ["var.tags", "local.id"],
    '"%{ if var.on }x%{ endif }"': ["var.on"],
    "1.5 + each.value": ["each.value"],
    '"never closed ${var.a': ["var.a"],
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=list(CASES))
def test_what_is_referred_to(text: str, expected: list[str]) -> None:
    assert [".".join(one.parts) for one in read_expression(text).references] == expected


def test_lines_texts_calls_and_indexes() -> None:
    expression = read_expression('[\n  "a ${var.x} b",\n  try(aws_x.y[0].id, null),\n  aws_x.y[*].id,\n]')
    assert [(one.line, one.indexed) for one in expression.references] == [(1, False), (2, True), (3, False)]
    assert [(one.text, one.line) for one in expression.texts] == [("a ", 1), (" b", 1)]
    assert expression.calls == {"try"}
    assert list(names_in("[var.a, local.b, var.c.d]", "var")) == ["a", "c"]


PIECES = st.sampled_from(
    ["var.x", '"', "${", "%{", "}", "<<-EOT\n", "EOT", "\n", "[", "]", "(", ")", ".", "#", "/*", "*/", "\\"]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=30).map("".join)))
def test_no_text_makes_it_raise(text: str) -> None:
    expression = read_expression(text)
    assert all(0 <= one.line <= text.count("\n") for one in expression.references)


@pytest.mark.parametrize("text", ["a." * 20_000, "[" * 30_000, '"${' * 10_000, "var.x[" * 10_000, "<<A\n" * 10_000])
def test_hostile_text_is_read_in_one_pass(text: str) -> None:
    read_expression(text)
