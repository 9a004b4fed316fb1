import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import commands
from bot.markdown import code, defuse, fenced, fit, neutralise, one_line, plain, quote, visible

_GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])

# What strangers write when they want something to happen, mixed with anything.
_BAITS = """/generate x|/help|@bob|fixes #12|closes acme/x#3|GH-7|https://evil.example|www.x.io|<img src=x>|<!-- x -->
![a](b)|[a](b)|`|``|```|~~~|> |- |1. |    |---|===|\\|&amp;|&lt;b>|#|# |mailto:a@b.c|<a@b.c>|*|_"""
BAITS = [*re.split(r"[|\n]", _BAITS), "|", "\n", "\n\n", "\r\n", "\u200b", "\U000e0041"]
HOSTILE = st.one_of(
    st.lists(st.sampled_from(BAITS) | st.text(max_size=8), max_size=14).map(" ".join),
    st.lists(st.sampled_from(["@a", "`", "\\", "``", "\n", "#1", "/help", " ", "<b>"]), max_size=12).map("".join),
)


def acts(text: str) -> list[str]:
    """What GitHub would act on in this Markdown."""
    found: list[str] = []
    for block in _GITHUB.parse(text):
        if block.type == "html_block":
            found += [block.content]
        for token in block.children or ():
            if token.type in {"html_inline", "link_open", "image"}:
                found += [token.type]
            words = token.content if token.type == "text" else ""
            found += re.findall(r"@\w|#\d|(?i:gh)-\d|://|www\.", words)
    return found


def shown(text: str) -> str:
    """The words a reader sees."""
    words = ""
    for block in _GITHUB.parse(text):
        words += "\n"
        for token in block.children or ():
            words += "\n" if token.type in {"softbreak", "hardbreak"} else token.content
    return words


@given(HOSTILE)
def test_s21_neutralised_text_is_only_text(text):
    made = neutralise(text)
    assert acts(made) == []
    assert commands.parse(made) is None
    assert {block.type for block in _GITHUB.parse(made)} <= {"paragraph_open", "inline", "paragraph_close"}


@given(HOSTILE)
def test_neutralised_text_shows_every_word(text):
    assert visible(shown(neutralise(text))).split() == visible(text).split()


@given(HOSTILE)
def test_s21_a_quote_stays_a_quote(text):
    made = quote(text)
    assert acts(made) == []
    assert commands.parse(made) is None
    assert all(line.startswith(">") for line in made.split("\n"))


@given(HOSTILE)
def test_s21_one_line_and_code_are_one_line_that_does_nothing(text):
    for made in (one_line(text), code(text), f"- {one_line(text)} · {code(text)}"):
        assert "\n" not in made
        assert acts(made) == []
        assert commands.parse(made) is None


@given(HOSTILE)
def test_s21_defused_markdown_does_nothing(text):
    made = defuse(text)
    assert acts(made) == []
    assert commands.parse(made) is None


def test_defused_markdown_keeps_its_form():
    text = "Say it:\n\n    /generate a bucket\n\n- with `--repo x`\n- and *this*"
    assert defuse(text) == text


@given(st.text())
def test_code_shows_what_it_was_given(text):
    spans = [
        token for token in _GITHUB.parseInline(f"a {code(text, 10_000)} b")[0].children if token.type == "code_inline"
    ]
    assert len(spans) == 1
    assert spans[0].content.split() == visible(text).split()


@given(HOSTILE)
def test_a_fenced_text_cannot_leave_its_fence(text):
    assert [block.type for block in _GITHUB.parse(fenced(text, "hcl"))] == ["fence"]


@given(HOSTILE)
def test_s21_a_title_names_nobody_and_closes_nothing(text):
    made = plain(text)
    assert "\n" not in made
    assert not re.search(r"[@#]\w|(?i:\bgh)-\d|://", made)


def test_s17_nothing_invisible_is_left():
    hidden = [
        chr(point)
        for point in range(0x110000)
        if unicodedata.category(chr(point)) in {"Cf", "Cc", "Co", "Cs"} and chr(point) not in "\t\n"
    ]
    hidden += [chr(point) for point in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0xE0000, 0xE0080))]
    hidden += ["\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f"]
    left = {f"U+{ord(character):04X}" for character in hidden if character in visible(character)}
    assert left == set()


@pytest.mark.parametrize("size", [0, 100, 70_000])
def test_g29_fit_stays_within_the_limit(size):
    made = fit(lambda limit: "é" * min(size, limit) + "x" * 10)
    assert len(made.encode()) <= 65_536
    assert len(fit(lambda _limit: "é" * 70_000).encode()) <= 65_536
