"""A comment that answers by quoting the question: which lines are quoted, and what stands beside them.

Knows text only. Whether the quoted lines are a question of ours is asked of `bot.conversations`' rows.
"""

import re

from bot.commands import ANSWER, MAX_PROMPT, Command
from bot.markdown import visible

_QUOTED = re.compile(r" {0,3}> ?(.*)")
_WORD = re.compile(r"\w+")
_LONGEST = 70_000


def quoted(body: str) -> str:
    """The quoted lines of a comment, without their marks; empty where it quotes nothing."""
    return "\n".join(match[1] for line in _lines(body) if (match := _QUOTED.fullmatch(line)))


def is_quoted(question: str, quote: str) -> bool:
    """Whether these words are part of the quoted ones: Markdown around them does not matter."""
    wanted = _words(question)
    return bool(wanted) and f" {wanted} " in f" {_words(quote)} "


def command(body: str) -> Command:
    """The answer that stands beside the quoted lines."""
    text = "\n".join(line.rstrip() for line in _lines(body) if not _QUOTED.fullmatch(line)).strip()
    if not text:
        return Command(
            ANSWER, problem="You quoted my question, but there is no answer below it. Write it in a new comment."
        )
    if len(text) > MAX_PROMPT:
        return Command(
            ANSWER, text[:500], problem=f"That is longer than {MAX_PROMPT:,} characters. Answer in a sentence."
        )
    return Command(ANSWER, text)


def _lines(body: str) -> list[str]:
    return visible(body[:_LONGEST]).split("\n")


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
