"""Turns people's Markdown into harmless HTML, and patches into lines to colour.

Whatever could act in a browser is removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"alt", "title"}, "code": {"class"}, "ol": {"start"}, "details": {"open"},
}  # fmt: skip
REFERENCE = re.compile(
    r"""(?P<url>https?://[^\s<>()"'`]*[^\s<>()"'`.,;:!?])"""
    r"""|(?<![\w/])(?P<elsewhere>[A-Za-z\d][\w-]{0,38}/[\w.-]+)#(?P<its_number>\d{1,7})\b"""
    r"""|(?<![\w&/])\#(?P<number>\d{1,7})\b"""
    r"""|(?<![\w@])@(?P<login>[A-Za-z\d][\w-]{0,38})"""
)
TASK = re.compile(r"\[([ xX])\] ")
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
SHORTCODES = {
    "eyes": "👀",
    "rocket": "🚀",
    "tada": "🎉",
    "white_check_mark": "✅",
    "x": "❌",
    "warning": "⚠️",
    "hourglass": "⌛",
}

_markdown = MarkdownIt("commonmark", {"html": True, "breaks": False}).enable(["table", "strikethrough"])


def markdown(text: str | None, repository_url: str = "") -> str:
    """Clean HTML; `#12`, `acme/platform#12`, `@login` and addresses become links as on GitHub."""
    tokens = _markdown.parse(text or "")
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = _linked(token.children, repository_url)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener noreferrer nofollow")


def _linked(children: list[Token], repository_url: str) -> list[Token]:
    result: list[Token] = []
    inside_link = 0
    for index, token in enumerate(children):
        inside_link += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "text" or inside_link:
            result.append(token)
            continue
        content = token.content
        if index == 0:
            content = TASK.sub(lambda found: "☐ " if found[1] == " " else "☑ ", content, count=1)
        content = re.sub(r":(\w+):", lambda found: SHORTCODES.get(found[1], found[0]), content)
        result += _pieces(content, repository_url)
    return result


def _pieces(text: str, repository_url: str) -> list[Token]:
    pieces: list[Token] = []
    end = 0
    for found in REFERENCE.finditer(text):
        pieces += [_text(text[end : found.start()]), *_link(_target(found, repository_url), found[0])]
        end = found.end()
    return [*pieces, _text(text[end:])]


def _target(found: re.Match[str], repository_url: str) -> str:
    if found["url"]:
        return found["url"]
    if found["login"]:
        return f"/{found['login']}"
    if found["elsewhere"]:
        return f"/{found['elsewhere']}/issues/{found['its_number']}"
    return f"{repository_url}/issues/{found['number']}"


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _link(target: str, content: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": target}), _text(content), Token("link_close", "a", -1)]


@dataclass(frozen=True)
class DiffLine:
    """One line of a patch; `old` and `new` are line numbers, None where the side has no such line."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)


def patch_lines(patch: str) -> list[DiffLine]:
    lines: list[DiffLine] = []
    old = new = 0
    for text in patch.split("\n") if patch else []:
        hunk = HUNK.match(text)
        if hunk:
            old, new = int(hunk[1]), int(hunk[2])
            lines.append(DiffLine("hunk", text))
        elif text.startswith("+"):
            lines.append(DiffLine("added", text[1:], None, new))
            new += 1
        elif text.startswith("-"):
            lines.append(DiffLine("removed", text[1:], old, None))
            old += 1
        elif text.startswith("\\"):
            lines.append(DiffLine("note", text))
        else:
            lines.append(DiffLine("same", text[1:], old, new))
            old, new = old + 1, new + 1
    return lines
