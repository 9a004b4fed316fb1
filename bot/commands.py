"""What a comment asks of us. Reads Markdown as GitHub does and obeys only what a reader sees as a line of its own.

Ignores code, quotes (lazily continued ones too) and HTML; answers a near miss; stays silent about other bots' commands.
The parser and the help text come from one table, `COMMANDS`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.token import Token

from bot.markdown import code, visible
from bot.targets import check_repository_name
from core.errors import UserError

MAX_PROMPT = 8_000
_MAX_BODY = 70_000  # GitHub takes 65,536; nothing longer is worth reading


@dataclass(frozen=True)
class Flag:
    """`--name VALUE`."""

    name: str
    value: str
    description: str


@dataclass(frozen=True)
class Kind:
    """One command of ours. `who`: "write" or "anyone"."""

    name: str
    usage: str
    description: str
    example: str
    who: str
    flags: tuple[Flag, ...] = ()
    asks: str = ""
    """What to ask somebody who gave the command without a word after it; empty: it wants none."""


ANSWER = "generate answer"
"""The one command of two words."""

USAGE = "/usage"

COMMANDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "generate",
            "/generate WHAT [--repo NAME] [--provider SYSTEM]",
            "Write a Terraform module, prove it and open a pull request. The description may go on over several lines.",
            "/generate an S3 bucket with versioning and encryption",
            "write",
            (
                Flag("repo", "NAME", "the repository for the module, `terraform-<system>-<name>`"),
                Flag("provider", "SYSTEM", "what it is for: `aws`, `terraform`, …"),
            ),
            asks="What shall I generate? Say it in a sentence:",
        ),
        Kind(
            ANSWER,
            "/generate answer TEXT",
            "Answer the question that I asked. Or quote the question in a comment, and write the answer below.",
            "/generate answer eu-central-1",
            "write",
            asks="What is the answer? Write it after the command:",
        ),
        Kind("usage", USAGE, "Show what modules cost here, and how much is left today.", USAGE, "write"),
        Kind("help", "/help", "Show what I can do.", "/help", "anyone"),
    )
}


@dataclass(frozen=True)
class Command:
    """A command that was found. `problem` is the reply to give when it cannot be carried out; `name` may be "unknown".

    `more` counts further commands in the same comment, which are not obeyed; `hidden` counts invisible characters.
    """

    name: str
    prompt: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    more: int = 0
    hidden: int = 0


def parse(body: str | None) -> Command | None:
    """The command in a comment or in the body of an issue; None when nobody speaks to us."""
    raw = (body or "")[:_MAX_BODY]
    text = visible(raw)
    if not _CANDIDATE.search(text):
        return None
    lines = list(_lines(text))
    heads = [(index, word) for index, line in enumerate(lines) if (word := _word(line)) is not None]
    exact = [(index, word) for index, word in heads if word.name in COMMANDS]
    if not exact:
        return _near_miss([word for _, word in heads[:20]])
    index, word = exact[0]
    end = exact[1][0] if len(exact) > 1 else len(lines)
    word = _whole(word)
    rest = [replace(lines[index], text=word.rest, code=word.code), *lines[index + 1 : end]]
    hidden = len(raw.replace("\r\n", "\n")) - len(text)
    return replace(_read(COMMANDS[word.name], rest), more=len(exact) - 1, hidden=hidden)


# Lines as a reader sees them


@dataclass(frozen=True)
class _Line:
    """A visible line. `own`: it starts a line of a paragraph that is neither quoted nor part of a list.

    `code` are the ranges of `text` that are inline code.
    """

    text: str
    own: bool = False
    code: tuple[range, ...] = ()


_CANDIDATE = re.compile(r"^ {0,3}/[A-Za-z]", re.MULTILINE)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark").enable("table")
    reader.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    # Emphasis and links are left as they were written; what they would hide is shown when we quote the request.
    reader.inline.ruler.enableOnly(["text", "newline", "escape", "backticks", "html_inline", "entity"])
    reader.inline.ruler2.enableOnly([])
    reader.disable("text_join")  # an escaped or spelled-out slash shall not look like a slash
    return reader


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (the parser's own form)
    """A table as its lines. No command stands in one, and cells, which a short row has many of, cost a token each."""
    if not table(state, start, end, True):
        return False
    if silent:
        return True
    ends = state.md.block.ruler.getRules("blockquote")
    state.push("table_open", "table", 1)
    line = start
    while line < end and (line < start + 2 or _is_row(state, line)):
        if line >= start + 2 and any(rule(state, line, end, True) for rule in ends):
            break
        if line != start + 1:  # the line of dashes is form
            row = state.push("inline", "", 0)
            row.content = state.getLines(line, line + 1, state.blkIndent, False).strip()
            row.map, row.children = [line, line + 1], []
            row.level += 1  # deeper than any paragraph outside
        line += 1
    state.push("table_close", "table", -1)
    state.line = line
    return True


def _is_row(state: StateBlock, line: int) -> bool:
    return not (state.isEmpty(line) or state.sCount[line] < state.blkIndent or state.is_code_block(line))


_READER = _reader()


def _lines(text: str) -> Iterator[_Line]:
    quoted = 0
    prefix = ""
    for token in _READER.parse(text):
        if token.type == "blockquote_open":
            quoted += 1
        elif token.type == "blockquote_close":
            quoted -= 1
        elif quoted or token.type == "html_block":
            continue
        elif token.type == "list_item_open":
            prefix = "- "
        elif token.type in {"fence", "code_block"}:
            yield from (_Line(line) for line in ("```", *token.content.rstrip("\n").split("\n"), "```"))
        elif token.type == "inline":
            yield from _inline_lines(token, prefix)
            prefix = ""
        elif token.type in {"paragraph_close", "heading_close", "table_close"} and not token.hidden:
            yield _Line("")


def _inline_lines(block: Token, prefix: str) -> Iterator[_Line]:
    # Paragraphs and headings outside everything are at level 1 (`---` under a command makes it a heading).
    own = block.level == 1
    parts: list[Token] = []
    for token in (*(block.children or ()), None):
        if token is not None and token.type not in {"softbreak", "hardbreak"}:
            parts.append(token)
            continue
        yield _line(parts, prefix, own=own)
        parts, prefix = [], ""


def _line(parts: Sequence[Token], prefix: str, *, own: bool) -> _Line:
    text, ranges = prefix, []
    for token in parts:
        if token.type == "code_inline":
            shown = f"{token.markup}{token.content}{token.markup}"
            ranges.append(range(len(text), len(text) + len(shown)))
            text += shown
        elif token.type != "html_inline":
            text += visible(token.content)  # an entity may stand for something invisible
    plain = bool(parts) and parts[0].type == "text" and parts[0].content.startswith("/")
    return _Line(text, own and plain, tuple(ranges))


# The first word


@dataclass(frozen=True)
class _Word:
    """A command that a line begins with, ours or not: its name, how it was written, and the rest of the line."""

    name: str
    said: str
    rest: str = ""
    code: tuple[range, ...] = ()


_FIRST = re.compile(r"/(tf[ \t]+)?([A-Za-z][A-Za-z_-]{0,30})(?=\s|$)", re.IGNORECASE)


def _word(line: _Line) -> _Word | None:
    match = _FIRST.match(line.text) if line.own else None
    if match is None:
        return None
    end = match.end()
    moved = tuple(range(part.start - end, part.stop - end) for part in line.code if part.start >= end)
    return _Word(match.group(2).lower(), match.group(), line.text[end:], moved)


def _whole(word: _Word) -> _Word:
    """The command with its second word, where the two together are one."""
    match = re.match(r"\s+([A-Za-z]+)(?=\s|$)", word.rest)
    name = f"{word.name} {match[1].lower()}" if match else ""
    return _Word(name, word.said, word.rest[match.end() :]) if match and name in COMMANDS else word


def _near_miss(words: Sequence[_Word]) -> Command | None:
    for word in words:
        nearly = _nearest(word.name, list(COMMANDS))
        if nearly is not None:
            problem = (
                f"I do not know {code(word.said)}. Did you mean `/{nearly}`? "
                f"For example:\n\n    {COMMANDS[nearly].example}\n\n`/help` shows everything I can do."
            )
            return Command("unknown", problem=problem)
    return None


def _nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that somebody who wrote `word` meant, or None. Strict: other bots have commands too."""
    best = min(known, key=lambda name: _distance(word, name))
    allowed = 1 if len(best) < 6 else 2
    return best if abs(len(word) - len(best)) <= 1 and _distance(word, best) <= allowed else None


def _distance(one: str, other: str) -> int:
    """How many letters to insert, delete, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


# The rest


def _read(kind: Kind, lines: Sequence[_Line]) -> Command:
    if not kind.asks:
        return Command(kind.name)
    try:
        first, options = _take_flags(lines[0], kind)
    except UserError as error:
        return Command(kind.name, problem=error.message)
    prompt = "\n".join((first, *(line.text.rstrip() for line in lines[1:]))).strip()
    prompt = re.sub(r"\n{3,}", "\n\n", prompt)
    if not prompt:
        return Command(kind.name, options=options, problem=f"{kind.asks}\n\n    {kind.example}")
    if len(prompt) > MAX_PROMPT:
        problem = (
            f"That is {len(prompt):,} characters; I read at most {MAX_PROMPT:,}. "
            "Say in a few sentences what the module must create, and I start at once."
        )
        return Command(kind.name, prompt[:500], options, problem)
    return Command(kind.name, prompt, options)


# `--` and what some keyboards make of it.
_FLAG = re.compile(r"(?<!\S)(--|—|–)([A-Za-z][A-Za-z0-9-]*)(=?)")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}


def _take_flags(line: _Line, kind: Kind) -> tuple[str, dict[str, str]]:
    """The text without its flags, and the flags. Raises UserError with the reply to give."""
    if not kind.flags:
        return " ".join(line.text.split()), {}
    text, options, kept, position = line.text, dict[str, str](), [], 0
    known = [flag.name for flag in kind.flags]
    while match := _FLAG.search(text, position):
        name = match.group(2).lower()
        # A dash that a keyboard made longer counts only before a flag we have; code is code.
        if any(match.start() in part for part in line.code) or (match.group(1) != "--" and name not in known):
            kept.append(text[position : match.end()])
            position = match.end()
            continue
        kept.append(text[position : match.start()])
        if name not in known:
            raise UserError(_unknown_flag(name, kind))
        if name in options:
            raise UserError(f"`--{name}` is there twice. Which one do you mean?")
        value, position = _take_value(text, match.end(), name, kind, glued=bool(match.group(3)))
        options[name] = _check_value(name, value)
    kept.append(text[position:])
    return " ".join("".join(kept).split()), options


def _take_value(text: str, start: int, name: str, kind: Kind, *, glued: bool) -> tuple[str, int]:
    while not glued and start < len(text) and text[start].isspace():
        start += 1
    opening = text[start : start + 1]
    if opening in _QUOTES and opening:
        end = text.find(_QUOTES[opening], start + 1)
        if end < 0:
            raise UserError(f"The quote after `--{name}` is not closed: {code(text[start : start + 60])}.")
        return text[start + 1 : end], end + 1
    match = re.compile(r"\S+").match(text, start)
    if match is None or _FLAG.match(text, start):
        flag = next(flag for flag in kind.flags if flag.name == name)
        raise UserError(f"`--{name}` wants a value: `--{name} {flag.value}`, {flag.description}.")
    return match.group(), match.end()


def _check_value(name: str, value: str) -> str:
    value = value.strip()
    if name == "provider":
        value = value.lower()
        if not re.fullmatch(r"[0-9a-z]{1,64}", value):
            raise UserError(
                f"{code(value, 80)} is no name of a provider: use lower-case letters and digits, such as `aws`."
            )
    elif name == "repo":
        account, _, repository = value.rpartition("/")
        check_repository_name(account or repository)  # a login is written with the same characters
        check_repository_name(repository)
    return value


def _unknown_flag(name: str, kind: Kind) -> str:
    nearest = min(kind.flags, key=lambda flag: _distance(name, flag.name)).name
    meant = f" Did you mean `--{nearest}`?" if _distance(name, nearest) <= max(2, len(nearest) // 2) else ""
    known = ", ".join(f"`--{flag.name} {flag.value}`" for flag in kind.flags)
    return f"`/{kind.name}` has no {code('--' + name, 60)}.{meant} It knows {known}."
