"""What was said before a module is written, as labelled data: the wish, its issue, the answers, remarks of people.

Bounded, and without anything that nobody can see. Whose words count was decided by whoever filled it in (S14).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from generator.request import MAX_PROMPT_CHARACTERS
from generator.sanitise import visible

_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|</?[A-Za-z][^<>]{0,2000}>", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\[\]]{0,2000}\](?:\([^()\n]{0,2000}\)|\[[^\[\]]{0,200}\])")
_TITLE = re.compile(r"(\]\([^()\s]{0,2000})\s[^()\n]{0,2000}\)")

MAX_TEXT = 12_000
MAX_FIELDS = 30
MAX_FIELD = 4_000
MAX_REMARKS = 40
MAX_REMARK = 3_000
MAX_REMARKS_TOGETHER = 24_000


@dataclass(frozen=True)
class Remark:
    """A comment that stood below the issue when the command was given, by somebody with write access."""

    author: str
    text: str


@dataclass(frozen=True)
class Answer:
    """A question of ours with what was answered."""

    question: str
    text: str


@dataclass(frozen=True)
class Intake:
    """Everything a brief is made of. `name` and `system` bind where they are given.

    `wanted` are the lines of the form's field for what must hold; `trusted` says whether the issue's author has write
    access; `left_out` says in sentences what is missing.
    """

    wish: str
    namespace: str
    name: str | None = None
    system: str | None = None
    title: str = ""
    text: str = ""
    trusted: bool = True
    fields: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Remark, ...] = ()
    wanted: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """The wish and what was answered since, for whoever reads one text."""
        return "\n\n".join([self.wish, *(one.text for one in self.answers)])[:MAX_PROMPT_CHARACTERS]


def bounded(intake: Intake) -> Intake:
    """The same, cut to what a reader sees and can read, and saying what was cut. Of many remarks the newest stay."""
    left_out = list(intake.left_out)
    texts = (intake.text, *(one.text for one in intake.remarks), *(value for _, value in intake.fields))
    if any(_HIDDEN.search(text) for text in texts):
        left_out.append("Text that GitHub does not show.")
    kept = _newest(intake.remarks)
    if len(kept) < len(intake.remarks):
        left_out.append(f"{len(intake.remarks) - len(kept)} older comments.")
    text = shown(intake.text)
    if len(text) > MAX_TEXT:
        left_out.append("The end of the issue's text.")
    return replace(
        intake,
        title=visible(intake.title)[:500],
        text=text[:MAX_TEXT],
        fields=tuple((visible(name)[:200], shown(value)[:MAX_FIELD]) for name, value in intake.fields[:MAX_FIELDS]),
        remarks=kept,
        left_out=tuple(left_out),
    )


def shown(text: str) -> str:
    """What a reader of the page sees of a Markdown text: no comment, no attribute, no words behind an image (S17)."""
    return visible(_IMAGE.sub("(image)", _TITLE.sub(r"\1)", _HIDDEN.sub("", text))))


def as_data(intake: Intake) -> dict[str, Any]:
    """The intake as labelled values for a model: each says whose words it holds, and none is an instruction."""
    given: Mapping[str, Any] = {
        "request": intake.wish,
        "namespace": intake.namespace,
        "name": intake.name,
        "system": intake.system,
        "issue": {
            "title": intake.title,
            "text": intake.text,
            "written_by": "somebody with write access" if intake.trusted else "somebody without write access",
        },
        "form": [{"label": label, "value": value} for label, value in intake.fields],
        "comments": [{"author": one.author, "text": one.text} for one in intake.remarks],
        "answers": [{"question": one.question, "answer": one.text} for one in intake.answers],
        "left_out": list(intake.left_out),
    }
    return {name: value for name, value in given.items() if value}


def _newest(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    kept: list[Remark] = []
    room = MAX_REMARKS_TOGETHER
    for one in reversed(remarks[-MAX_REMARKS:]):
        text = shown(one.text)[:MAX_REMARK]
        if len(text) > room:
            break
        room -= len(text)
        kept.append(Remark(one.author, text))
    return tuple(reversed(kept))
