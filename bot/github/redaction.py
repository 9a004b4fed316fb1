"""Takes secrets out of what GitHub is given to show. Knows how our Markdown hides characters from a pattern: a token
whose underscores are escaped is read as a token all the same. Refuses nothing, and keeps the form of the rest.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.secrets import MASK, Redactor

# Text for people, in every operation of the ledger. Everything else (paths, contents, references) goes out as it is.
SHOWN = frozenset({"body", "description", "headline", "message", "notes", "summary", "text", "title"})

# What a reader does not see, or sees as another character: bot.markdown writes it.
_WRITTEN = re.compile(r"\\(?P<escaped>[!-/:-@\[-`{-~])|&#8203;|\u200b|&(?P<entity>lt|gt|amp|#36);", re.DOTALL)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "#36": "$"}


def shown(redact: Redactor, values: Any, *, inside: bool = False) -> Any:
    """The same JSON with every text for people redacted, however deep it lies."""
    if isinstance(values, str):
        return clean(redact, values) if inside else values
    if isinstance(values, Mapping):
        return {key: shown(redact, value, inside=key in SHOWN) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [shown(redact, value, inside=inside) for value in values]
    return values


def clean(redact: Redactor, text: str) -> str:
    """`text` without secrets, whether they stand there as they are or as our Markdown writes them."""
    return _without(text, redact.spans(text)) if not _WRITTEN.search(text) else _as_read(redact, text)


def _as_read(redact: Redactor, text: str) -> str:
    read, places = [], []
    position = 0
    for match in _WRITTEN.finditer(text):
        read.append(text[position : match.start()])
        places += [(index, index + 1) for index in range(position, match.start())]
        letter = match["escaped"] or _ENTITIES.get(match["entity"] or "", "")
        read.append(letter)
        places += [match.span()] * len(letter)
        position = match.end()
    read.append(text[position:])
    places += [(index, index + 1) for index in range(position, len(text))]
    found = redact.spans("".join(read))
    once = _without(text, ((places[start][0], places[end - 1][1]) for start, end in found))
    return _without(once, redact.spans(once))  # in code, a backslash is only a backslash


def _without(text: str, spans: Iterator[tuple[int, int]]) -> str:
    parts, position = [], 0
    for start, end in sorted(spans):
        if start >= position:
            parts += [text[position:start], MASK]
        position = max(position, end)
    return "".join((*parts, text[position:]))
