"""The issue form for module requests that comes with the app, and how an issue that was made with a form reads.

GitHub turns each field of a form into a heading of the third level with the answer below it.
"""

import re
from importlib.resources import files

from bot.markdown import visible

PLACE = ".github/ISSUE_TEMPLATE/module_request.yml"
_HEADING = re.compile(r"^### +(\S.{0,200}?) *$", re.MULTILINE)
_COMMAND = re.compile(r"^ {0,3}/", re.MULTILINE)
_EMPTY = ("_No response_", "None")
_MOST_FIELDS = 30
_LONGEST = 70_000
PROVIDER, WANTED = "Provider", "What must hold?"


def text() -> str:
    """The form, to be put at `PLACE` in a repository."""
    return (files("bot") / "module_request.yml").read_text(encoding="utf-8")


def fields(body: str) -> tuple[tuple[str, str], ...]:
    """Label and answer of each field that was filled in; empty for a text that no form made."""
    given = visible(body[:_LONGEST]).strip()
    heads = list(_HEADING.finditer(given))[:_MOST_FIELDS]
    if not heads or heads[0].start() != 0:
        return ()
    ends = [head.start() for head in heads[1:]] + [len(given)]
    found = ((head[1], given[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True))
    return tuple((label, value) for label, value in found if value and value not in _EMPTY)


def wish(body: str) -> str:
    """Where the command stands: the field that holds it, in a form; else the whole text."""
    return next((value for _, value in fields(body) if _COMMAND.search(value)), body)


def wanted(body: str) -> tuple[str, ...]:
    """The sentences of the form's field for what must hold, one a line."""
    lines = dict(fields(body)).get(WANTED, "").split("\n")
    return tuple(line.strip(" -*") for line in lines if line.strip(" -*"))[:_MOST_FIELDS]


def provider(body: str) -> str | None:
    """What the form's field for it says, if that is a provider's name."""
    chosen = dict(fields(body)).get(PROVIDER, "")
    return chosen if re.fullmatch(r"[0-9a-z]{1,64}", chosen) else None
