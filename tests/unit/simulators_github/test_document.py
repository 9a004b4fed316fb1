"""The GraphQL parser reads what the bot writes and answers anything else with its own error."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.github.graphql.document import DocumentError, Field, parse


def test_a_mutation_with_variables_aliases_and_fragments() -> None:
    text = """
    # a comment
    mutation Write($input: CreateCommitOnBranchInput!, $n: Int = 3) {
      made: createCommitOnBranch(input: $input) {
        commit { oid } ... on Thing { x(first: $n, list: [1, "a\\n", ENUM]) } }
    }
    """
    operation = parse(text, {"input": {"a": 1}})
    assert (operation.kind, operation.name) == ("mutation", "Write")
    (field,) = operation.selection
    assert (field.name, field.alias, field.arguments) == ("createCommitOnBranch", "made", {"input": {"a": 1}})
    commit, nested = field.selection
    assert commit.selection == (Field("oid", "oid", {}, ()),)
    assert (nested.on, nested.arguments) == ("Thing", {"first": 3, "list": [1, "a\n", "ENUM"]})


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {}),
        ("{", {}),
        ("{ a ", {}),
        ("query($x: ID!) { a(b: $x) }", {}),
        ("query { a(b: $x) }", {"x": 1}),
        ("{ a @include(if: true) }", {}),
        ("{ ...Named } fragment Named on X { a }", {}),
        ("subscription { a }", {}),
        ("query A { a } query B { b }", {}),
    ],
)
def test_anything_else_is_refused(text: str, variables: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        parse(text, variables)


@given(st.text(alphabet='{}()[]:$!@."\\ \nab1-,#=query', max_size=60))
def test_no_text_makes_it_fall_over(text: str) -> None:
    with contextlib.suppress(DocumentError):
        parse(text, {})
