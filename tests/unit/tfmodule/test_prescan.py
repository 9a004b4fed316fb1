"""The look before the parser: every bomb is refused after a number of steps that grows with the text, never faster."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmodule.hcl import STUCK, parse
from tfmodule.prescan import MAX_BLANKS, MAX_BYTES, MAX_NESTING, MAX_TOKENS, prescan

pytestmark = pytest.mark.checklist("T-29")

# (what Terraform's parser would nest, repeat or look at again, before, between, after)
NESTED = {
    "brackets": ("a = ", "[", "]"),
    "parentheses": ("a = ", "(", ")"),
    "objects": ("a = ", "{b=", "}"),
    "blocks": ("", "a {", "}"),
    "templates": ("a = ", '"${', '}"'),
    "directives": ('a = "', "%{if x}", "%{endif}"),
    "directives in a heredoc": ("a = <<E\n", "%{ for x in y }\n", "%{ endfor }\n"),
    "negations": ("a = ", "!", ""),
    "conditions": ("a = ", "x ? y : ", "z"),
    "calls": ("a = ", "f(", ")"),
    "open ends": ("a = ", "[", ""),
}


@pytest.mark.parametrize("name", sorted(NESTED))
def test_what_nests_too_deep_is_refused_where_it_begins_to(name: str) -> None:
    before, opening, closing = NESTED[name]
    for depth in (MAX_NESTING + 1, 30_000):
        seen = prescan(before + opening * depth + closing * depth)
        assert "nested deeper" in (seen.problem or ""), name
        assert seen.tokens <= 12 * MAX_NESTING
    tame = before + opening * 30 + ("z" if name == "conditions" else "1") + closing * 30
    assert "nested" not in (prescan(tame).problem or "")


FLAT = {
    "words": "a ",
    "line ends": "\n",
    "blanks": " ",
    "operators": "+1",
    "strings": '"x" ',
    "heredocs": "a = <<E\nE\n",
    "templates": "${x}",
    "comments": "/* */",
    "open comments": "/*",
    "open heredocs": "<<E",
    "stars": "*",
    "escapes": "\\x",
    "heads": 'a "b" ',
}


@pytest.mark.parametrize("before", ["", "a = ", 'a = "', "a = <<E\n", "/*", "a {\n"])
@pytest.mark.parametrize("name", sorted(FLAT))
def test_twice_the_text_takes_twice_the_steps(name: str, before: str) -> None:
    steps = [prescan(before + FLAT[name] * count).tokens for count in (500, 1_000, 2_000)]
    assert steps[2] <= 2 * steps[1] + 16 <= 4 * steps[0] + 48
    assert steps[2] <= len(before + FLAT[name] * 2_000) + 1


def test_each_cap_is_told_apart() -> None:
    assert prescan("a = 1\n" * MAX_TOKENS).problem == f"the file has more than {MAX_TOKENS} tokens"
    assert "longer" in (prescan("#" * (MAX_BYTES + 1)).problem or "")
    assert "in a row" in (prescan("a = " + " " * MAX_BLANKS + "1\n").problem or "")
    assert prescan("a = " + " " * (MAX_BLANKS - 2) + "1\n").problem is None


@pytest.mark.prove
def test_a_parser_that_comes_to_no_end_is_left() -> None:
    """Below every cap, and still the square of its length for a parser that tries to make sense of it."""
    text = "a = b(" + ", " * 24_000 + ")\n"
    assert prescan(text).problem is None
    [problem] = parse("main.tf", text.encode()).problems
    assert (problem.message, problem.readable) == (STUCK, False)


@given(
    st.lists(st.sampled_from([*FLAT.values(), *(o for _, o, _ in NESTED.values()), "\n", "}", '"', "]"]), max_size=60)
)
@settings(max_examples=200)
def test_no_mixture_takes_more_steps_than_it_has_letters(parts: list[str]) -> None:
    text = "".join(parts)
    seen = prescan(text)
    assert seen.tokens <= len(text) + 1
    assert seen.line <= text.count("\n") + 1
