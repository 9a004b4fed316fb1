"""Markdown from strangers: whatever they write, the HTML can only be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.templating import markdown, render

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "<svg><animate onbegin=alert(1)></svg>",
    "<a href='//evil.example' style='position:fixed'>x</a>",
    "[x]: javascript:alert(1)\n\n[x]",
    '<https://evil.example/"onmouseover=alert(1)>',
    "```\n</code></pre><script>alert(1)</script>\n```",
    "<style>*{display:none}</style>",
    "<iframe src=//evil.example></iframe>",
    "[x](//evil.example)",
    "[x](../../etc/passwd)",
]

_TAG = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")


def _assert_harmless(html: str) -> None:
    for _, tag, attributes in _TAG.findall(html):
        assert tag not in {"script", "img", "svg", "style", "iframe", "object", "form", "input", "animate", "math"}
        assert re.fullmatch(r'(?: (?:href="https?://[^"]*"|rel="[a-z ]+"|start="\d+"))*\s*/?', attributes), attributes


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.checklist("T-15")
def test_T15_hostile_markdown_is_harmless(text: str) -> None:
    _assert_harmless(str(markdown(text)))


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "# a", "| a | b |\n|---|---|\n| 1 | 2 |", "`", "<", ">", '"', "\n", "*"]), max_size=8
    )
)
@pytest.mark.checklist("T-15")
def test_T15_mixtures_of_hostile_markdown_are_harmless(parts: list[str]) -> None:
    _assert_harmless(str(markdown("\n".join(parts))))


def test_tables_code_and_links_survive() -> None:
    html = str(markdown("# T\n\n| a |\n|---|\n| `b` |\n\n[docs](https://example.com/x)"))
    assert "<table>" in html and "<code>b</code>" in html and 'href="https://example.com/x"' in html


@pytest.mark.checklist("T-15")
def test_T15_values_in_pages_are_escaped() -> None:
    page = render("error.html", title="<b>", status=404, message="<script>x</script>")
    assert "<script>" not in page and "&lt;script&gt;" in page
