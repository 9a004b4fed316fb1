"""Pages out of templates, every value escaped; and Markdown out of strangers' hands, made harmless."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

_FOLDER = Path(__file__).parent / "templates"
_environment = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

# Raw HTML off, and then only these: no images (they would tell strangers who reads), no svg, no style, no class.
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
_LONGEST = 200_000


def render(template: str, **values: Any) -> str:
    """A whole page."""
    return _environment.get_template(template).render(**values)


def markdown(text: str) -> Markup:
    """A README as HTML that can do nothing but be read."""
    html = _markdown.render(text[:_LONGEST])
    safe = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_attribute,
        url_schemes={"http", "https"},
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(safe)  # noqa: S704  # cleaned in the line above


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    # A link relative to the repository leads nowhere here.
    if tag == "a" and attribute == "href" and urlsplit(value).scheme not in {"http", "https"}:
        return None
    return value
