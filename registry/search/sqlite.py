"""The index on SQLite: an FTS5 table of our tokens. Knows FTS5's syntax, and is given no text of anybody's."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry.search.expression import Expression

LIST = "(SELECT value FROM json_each(:values))"
"""All of `:values`, as `listed` makes them, for `IN`."""

IDS = "IN (SELECT value FROM json_each(:ids))"
"""Any of `:ids`, made by the same."""


def listed(values: Sequence[str] | Sequence[int]) -> str:
    """Values as one parameter."""
    return json.dumps(values)


def lock(session: Session) -> None:
    """One writer at a time is what SQLite does anyway."""


def write(session: Session, document_id: int, tokens: Sequence[str]) -> None:
    """Let the document be found by these tokens and no others."""
    erase(session, [document_id])
    session.execute(
        text("INSERT INTO search_index (rowid, terms) VALUES (:id, :terms)"),
        {"id": document_id, "terms": " ".join(tokens)},
    )


def erase(session: Session, document_ids: Sequence[int]) -> None:
    """Let these documents be found no more."""
    for one in document_ids:
        session.execute(text("DELETE FROM search_index WHERE rowid = :id"), {"id": one})


def matching(session: Session, expression: Expression, limit: int) -> list[int]:
    """Documents that fulfil the expression, in the order of their ids; it stops at the limit."""
    found = session.execute(
        text("SELECT rowid FROM search_index WHERE search_index MATCH :wanted LIMIT :most"),
        {"wanted": expression_text(expression), "most": limit},
    )
    return list(found.scalars())


def expression_text(expression: Expression) -> str:
    """In FTS5's words."""
    return " OR ".join(f"({' AND '.join(map(_group, conjunction))})" for conjunction in expression)


def _group(tokens: Iterable[str]) -> str:
    return f"({' OR '.join(_quoted(one) for one in tokens)})"


def _quoted(token: str) -> str:
    assert '"' not in token, "a token of ours holds no syntax"
    return f'"{token}"'
