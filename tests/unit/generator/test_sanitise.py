"""A stranger's text on its way into Markdown (S17, S21)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.sanitise import sentence, visible


@pytest.mark.checklist("S17", "S21")
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("A bucket for logs.", "A bucket for logs."),
        ("for @ada and @acme/platform", "for ada and acme/platform"),
        ("mail ops@example.test", "mail opsexample.test"),
        ("fixes #1, closes acme/x#22 and GH-3", "fixes no. 1, closes no. 22 and no. 3"),
        ("<b>bold</b> <!-- secret --> <img src=x onerror=y>", "bold"),
        ("<!-- never closed", ""),
        ("see [docs](https://evil.test/a) and ![x](http://evil.test/b.png)", "see docs and x"),
        ("see https://evil.test/a", "see evil.test/a"),
        ("javascript:alert(1)", "alert(1)"),
        ("/approve", "approve"),
        ("  > /merge now", "merge now"),
        ("first\n/generate x", "first /generate x"),
        ("# heading", "heading"),
        ("a | b `c` *d*", "a / b 'c' d"),
        ("a\u202eb\u200bc\u2066d\ufeffe\U000e0041f\ufe0fg\u2028h\u3164", "abcdefgh"),
        ("<scr<b>ipt>", "script"),
        ("@@ada", "ada"),
    ],
)
def test_what_would_act_is_removed(text: str, plain: str) -> None:
    assert sentence(text) == plain


def test_it_is_cut_to_its_limit() -> None:
    assert sentence("word " * 1000, 50) == ("word " * 10)[:49].rstrip() + "…"


@pytest.mark.checklist("S17")
@given(st.text(max_size=400) | st.text(alphabet="/@#<>`|*-+=!x ()[]\\~\u200b\u00ad\u0301", max_size=60))
def test_nothing_active_is_left(text: str) -> None:
    plain = sentence(text)
    assert len(plain) <= 300
    assert "\n" not in plain
    assert not plain.startswith("/")
    assert not set("<>`|") & set(plain)
    assert visible(plain) == plain


@pytest.mark.checklist("S21")
@given(st.text(alphabet="@#1<>!-/[]()abx \u202e", max_size=60))
def test_nothing_comes_together_again(text: str) -> None:
    plain = sentence(text)
    assert "@a" not in plain
    assert "#1" not in plain
    assert "](" not in plain
