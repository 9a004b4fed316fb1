"""Markdown of strangers becomes harmless HTML, and patches become numbered lines."""

from __future__ import annotations

import pytest

from simulators.github.pages.text import markdown, patch_lines


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)></svg>",
        "<iframe src='https://example.com'></iframe>",
        "<form action='/_pages/visitor'><button>x</button></form>",
        "<style>body{display:none}</style>",
        "<meta http-equiv=refresh content=0>",
    ],
)
def test_nothing_that_acts_survives(hostile: str) -> None:
    html = markdown(f"before\n\n{hostile}\n\nafter").lower()
    for word in ("<script", "onerror", 'href="javascript', "onload", "<iframe", "<form", "<style", "<meta", "<svg"):
        assert word not in html


def test_comments_are_hidden_and_details_stay() -> None:
    html = markdown("<!-- marker -->\n<details><summary>More</summary>\n\n- [x] done\n- [ ] open\n\n</details>")
    assert "marker" not in html
    assert "<details><summary>More</summary>" in html
    assert "☑ done" in html
    assert "☐ open" in html


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see #12", "/acme/x/issues/12"),
        ("see acme/platform#3.", "/acme/platform/issues/3"),
        ("asked by @ada", "/ada"),
        ("at https://example.com/a?b=c.", "https://example.com/a?b=c"),
    ],
)
def test_references_become_links(text: str, link: str) -> None:
    assert f'href="{link}"' in markdown(text, "/acme/x")


@pytest.mark.parametrize("text", ["`#12`", "a#12", "ada@example.com", "```\n@ada #1\n```"])
def test_what_only_looks_like_a_reference_stays_text(text: str) -> None:
    assert "<a " not in markdown(text, "/acme/x")


def test_patch_lines_know_their_numbers() -> None:
    lines = patch_lines("@@ -1,3 +1,3 @@ top\n one\n-two\n+zwei\n three\n\\ No newline at end of file")
    assert [(line.kind, line.old, line.new) for line in lines] == [
        ("hunk", None, None),
        ("same", 1, 1),
        ("removed", 2, None),
        ("added", None, 2),
        ("same", 3, 3),
        ("note", None, None),
    ]
    assert patch_lines("") == []
