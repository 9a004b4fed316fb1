"""Type constraints: what is read, what is none, and which takes all that another took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.types import Attribute, Type, parse_type, takes_all

_WORDS = st.sampled_from(["string", "number", "bool", "any"])
_NAMES = st.sampled_from(["a", "b", "c-d"])


def _object(attributes: dict[str, tuple[bool, str]]) -> str:
    lines = [f"{name} = {f'optional({text})' if free else text}" for name, (free, text) in attributes.items()]
    return "object({" + ", ".join(lines) + "})"


TYPES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.builds("{}({})".format, st.sampled_from(["list", "set", "map"]), inner),
        st.lists(inner, max_size=3).map(lambda parts: f"tuple([{', '.join(parts)}])"),
        st.dictionaries(_NAMES, st.tuples(st.booleans(), inner), max_size=3).map(_object),
    ),
    max_leaves=6,
)


def test_a_type_as_people_write_it() -> None:
    text = """object({ # what
      name = string
      "tags": optional(map(string), { "a)" = "}", b = [1, 2] }) /* and */
      rules = optional(list(object({ port = number, open = optional(bool, false) })), [])
    })"""
    rule = Type("object", attributes={"port": Attribute(Type("number")), "open": Attribute(Type("bool"), True)})
    assert parse_type(text) == Type(
        "object",
        attributes={
            "name": Attribute(Type("string")),
            "tags": Attribute(Type("map", (Type("string"),)), True),
            "rules": Attribute(Type("list", (rule,)), True),
        },
    )


@pytest.mark.parametrize(
    "text",
    ["", "strin", "list", "list()", "list(string", "object({a})", "object({a = })", "map(string) string",
     "tuple(string)", "optional(string)", "object({a = optional(string, [})",
     "(" * 5_000, "list(" * 500 + "any" + ")" * 500],
)  # fmt: skip
def test_what_is_no_type(text: str) -> None:
    assert parse_type(text) is None


@pytest.mark.parametrize(
    ("old", "new", "all_taken"),
    [
        ("string", "any", True),
        ("any", "string", False),
        ("number", "string", True),
        ("string", "number", False),
        ("list(number)", "list(string)", True),
        ("list(string)", "set(string)", True),
        ("set(string)", "list(string)", True),
        ("tuple([string, number])", "list(string)", True),
        ("list(string)", "tuple([string])", False),
        ("map(string)", "object({})", False),
        ("object({a = number})", "map(string)", True),
        ("object({a = list(string)})", "map(string)", False),
        ("object({a = string})", "object({a = string, b = optional(string)})", True),
        ("object({a = string})", "object({a = string, b = string})", False),
        ("object({a = string, b = string})", "object({a = string})", False),
        ("object({a = string})", "object({a = optional(string)})", True),
        ("object({a = optional(string)})", "object({a = string})", False),
        ("list(object({a = string}))", "list(object({a = string, b = optional(bool, true)}))", True),
        ("string", "list(string)", False),
        ("list(string)", "string", False),
        ("tuple([string])", "tuple([string, string])", False),
    ],
)
def test_which_takes_all_that_another_took(old: str, new: str, all_taken: bool) -> None:
    before, after = parse_type(old), parse_type(new)
    assert before is not None
    assert after is not None
    assert takes_all(after, before) is all_taken


@given(TYPES)
def test_every_type_takes_what_it_took_and_any_takes_all(text: str) -> None:
    found = parse_type(text)
    assert found is not None
    assert takes_all(found, found)
    assert takes_all(Type("any"), found)


@given(TYPES, TYPES, TYPES)
def test_taking_all_carries_on(one: str, two: str, three: str) -> None:
    a, b, c = (parse_type(text) for text in (one, two, three))
    assert a and b and c
    if takes_all(b, a) and takes_all(c, b):
        assert takes_all(c, a)


@given(st.text('string(){}[],=:"#\n/*ob jectlis?', max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    parse_type(text)
