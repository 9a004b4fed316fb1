"""The index on SQLite: an FTS5 table of our tokens. Knows FTS5's syntax, and is given no text of anybody's."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from registry.search.expression import Expression


def among(column: InstrumentedAttribute[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Whether the column holds one of these: a single parameter, however many there are."""
    listed = func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(select(listed.c.value))


def lock(session: Session) -> None:
    """One writer at a time is what SQLite does anyway."""


def write(session: Session, document_id: int, tokens: Sequence[str]) -> None:
    """Let the document be found by these tokens and no others."""
    erase(session, [document_id])
    session.execute(
        text("INSERT INTO search_index (rowid, terms) VALUES (:id, :terms)"),
        {"id": document_id, "terms": " ".join(tokens)},
    )


def held(session: Session, document_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The tokens of these documents."""
    rows = session.execute(
        text("SELECT rowid, terms FROM search_index WHERE rowid IN (SELECT value FROM json_each(:ids))"),
        {"ids": json.dumps(list(document_ids))},
    )
    return {document_id: terms.split(" ") for document_id, terms in rows}


def erase(session: Session, document_ids: Sequence[int]) -> None:
    """Let these documents be found no more."""
    for one in document_ids:
        session.execute(text("DELETE FROM search_index WHERE rowid = :id"), {"id": one})


def asking(number: int) -> str:
    """The statement that finds what fulfils `:wanted` with this number, up to `:most` of them."""
    found = f"SELECT rowid FROM search_index WHERE search_index MATCH :wanted{number} LIMIT :most{number}"  # noqa: S608
    return f"SELECT {number}, rowid FROM ({found})"  # noqa: S608


def expression_text(expression: Expression) -> str:
    """In FTS5's words."""
    return " OR ".join(f"({' AND '.join(map(_group, conjunction))})" for conjunction in expression)


def _group(tokens: Iterable[str]) -> str:
    return f"({' OR '.join(_quoted(one) for one in tokens)})"


def _quoted(token: str) -> str:
    assert '"' not in token, "a token of ours holds no syntax"
    return f'"{token}"'
