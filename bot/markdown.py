"""A stranger's text inside our comments: made visible, and made harmless, so that it is only ever text.

People's prompts, a model's summaries and a tool's messages all pass through here (threats S17 and S21).
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt

MAX_BODY = 65_536
"""GitHub's limit for a comment or a pull request's text. We count bytes, never fewer than GitHub counts."""

# Nothing of this can be seen in a browser: controls, formats (zero width, bidi, tags), surrogates, private use,
# variation selectors, fillers. Line and paragraph separators become line ends before.
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff"
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
    "]"
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_APART = "&#8203;"  # a zero-width space: GitHub then sees no mention, no reference and no address
_SPECIAL = re.compile(r"[\\`*_\[\]|~<>&$]|[@#](?=\w)|#|://|(?i:www\.)|(?i:\bGH-(?=\d))")
_ACTING = re.compile(r"[<>\[\]$]|&(?!#8203;)|[@#](?=\w)|://|(?i:www\.)|(?i:\bGH-(?=\d))")
# A code span on one line: the whole of it, its fence, and what is inside.
_CODE = re.compile(r"((?<!`)(`{1,9})(?!`)([^\n]*?)(?<!`)\2(?!`))")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ALIVE = re.compile(r"[@#](?=\w)|://|(?i:www\.)|(?i:\bGH-(?=\d))")
_READER = MarkdownIt("commonmark").enable("table").disable("text_join")
_AT_LINE_START = re.compile(r"[/\-+=:]|\d{1,9}(?=[.)])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "&#36;"}


def visible(text: str) -> str:
    """The text without anything that nobody can see, and with one kind of line end."""
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text))


def neutralise(text: str) -> str:
    """Markdown that shows exactly this text: no mention, closing keyword, reference, link, image, HTML or command."""
    return "\n".join(_line(line) for line in visible(text).split("\n")).strip("\n")


def defuse(text: str, limit: int = 10_000) -> str:
    """Markdown that we or our tools wrote around a stranger's words: its form stays, what could act does not.

    Code stays as it is; elsewhere mentions, references, addresses, HTML, links, images and commands become text. Where
    a stranger's backticks make it unclear what is code, the form goes too.
    """
    given = visible(shorten(text, limit))
    lines: list[str] = []
    fence = ""
    for line in given.split("\n"):
        mark = _FENCE.match(line)
        apart = line.startswith("    ") and (not lines or not lines[-1].strip() or lines[-1].startswith("    "))
        if fence or mark:
            closes = mark is not None and mark.group(1).startswith(fence) and not line.strip(" `~")
            fence = "" if fence and closes else fence or (mark.group(1) if mark else "")
        lines.append(line if fence or mark or apart else _without_acts(line))
    made = "\n".join(lines + ([fence] if fence else []))
    return made if _is_harmless(made) else neutralise(given)


def one_line(text: str, limit: int = 200) -> str:
    """The same on one line, cut."""
    return _line(shorten(" ".join(visible(text).split()), limit))


def quote(text: str) -> str:
    """The text as a block quote."""
    return "\n".join(f"> {line}".rstrip() for line in neutralise(text).split("\n"))


def code(text: str, limit: int = 200) -> str:
    """The text as inline code, cut to `limit` characters."""
    content = shorten(" ".join(visible(text).split()), limit)
    if not content:
        return "` `"
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if content[0] == "`" or content[-1] == "`" else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def cell(text: str, limit: int = 200) -> str:
    """The text as inline code inside a table."""
    return code(text, limit).replace("|", "\\|")


def plain(text: str, limit: int = 250) -> str:
    """One line of plain text, for titles and commit messages: no mention, closing keyword, reference or command."""
    line = shorten(" ".join(visible(text).split()).lstrip("/ "), limit)
    return re.sub(r"(?i)([@#])(?=\w)|(\bGH)(?=-\d)|(:)(?=//)", lambda match: match.group(0) + "\u200b", line)


def fenced(text: str, language: str = "") -> str:
    """The text as a fenced block that it cannot close."""
    content = visible(text).strip("\n")
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def folded(summary: str, body: str) -> str:
    """A part that opens with a click. Both are Markdown of ours."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with a sign that something was left out."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def fit(render: Callable[[int], str], most: int = 20_000, *, room: int = MAX_BODY) -> str:
    """The longest version of a text that GitHub takes: `render` gets ever smaller limits for its long parts."""
    limit = most
    while limit >= 20:
        text = render(limit)
        if len(text.encode()) <= room:
            return text
        limit //= 2
    return render(0).encode()[: room - 3].decode(errors="ignore") + "…"


def _without_acts(line: str) -> str:
    parts = _CODE.split(line)
    parts[::4] = [_ACTING.sub(_harmless, part) for part in parts[::4]]
    kept = [part for index, part in enumerate(parts) if index % 4 in (0, 1)]
    return re.sub(r"^(\s*)/", r"\1\\/", "".join(kept))


def _is_harmless(text: str) -> bool:
    for block in _READER.parse(text):
        if block.type == "html_block":
            return False
        starts = True
        for token in block.children or ():
            if token.type in {"html_inline", "link_open", "image"}:
                return False
            if token.type == "text" and (_ALIVE.search(token.content) or (starts and token.content.startswith("/"))):
                return False
            starts = token.type in {"softbreak", "hardbreak"}
    return True


def _line(line: str) -> str:
    line = line.strip()
    start = _AT_LINE_START.match(line)
    if start is None:
        return _SPECIAL.sub(_harmless, line)
    if start.group().isdigit():
        return f"{start.group()}\\" + _SPECIAL.sub(_harmless, line[start.end() :])
    return "\\" + start.group() + _SPECIAL.sub(_harmless, line[start.end() :])


def _harmless(match: re.Match[str]) -> str:
    found = match.group()
    if found == "@":
        return found + _APART
    if found == "#":
        return "\\#" + (_APART if match.end() < len(match.string) and match.string[match.end()] != " " else "")
    if found in _ENTITIES:
        return _ENTITIES[found]
    if len(found) == 1:
        return "\\" + found
    return found[:-1] + _APART + found[-1] if found != "://" else f":{_APART}//"
