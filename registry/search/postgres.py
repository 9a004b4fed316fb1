"""The index on Postgres: tsvectors of our tokens under a GIN index. Needs no extension and no configuration.

Knows the syntax of tsquery, and is given no text of anybody's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, bindparam, func, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from registry.search.expression import Expression

_LOCK = 7_238_115  # any number, the same in every process


def among(column: InstrumentedAttribute[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Whether the column holds one of these: a single parameter, however many there are."""
    return column == func.any(bindparam(None, list(values), type_=ARRAY(column.type)))


def lock(session: Session) -> None:
    """One indexer at a time, until its transaction ends: two would wait for each other's words."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def write(session: Session, document_id: int, tokens: Sequence[str]) -> None:
    """Let the document be found by these tokens and no others."""
    session.execute(
        text(
            "INSERT INTO search_index (document_id, terms) "
            "VALUES (:id, array_to_tsvector(CAST(:tokens AS text[]))) "
            "ON CONFLICT (document_id) DO UPDATE SET terms = excluded.terms"
        ),
        {"id": document_id, "tokens": list(tokens)},
    )


def held(session: Session, document_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The tokens of these documents."""
    rows = session.execute(
        text("SELECT document_id, tsvector_to_array(terms) FROM search_index WHERE document_id = ANY(:ids)"),
        {"ids": list(document_ids)},
    )
    return {document_id: terms for document_id, terms in rows}  # noqa: C416


def erase(session: Session, document_ids: Sequence[int]) -> None:
    """Let these documents be found no more."""
    session.execute(text("DELETE FROM search_index WHERE document_id = ANY(:ids)"), {"ids": list(document_ids)})


def asking(number: int) -> str:
    """The statement that finds what fulfils `:wanted` with this number, up to `:most` of them.

    By a function of the schema, because the planner guesses badly how often our tokens stand together.
    """
    return f"SELECT {number}, id FROM search_matching(CAST(:wanted{number} AS tsquery), :most{number}) AS id"  # noqa: S608


def expression_text(expression: Expression) -> str:
    """In the words of tsquery."""
    return " | ".join(f"({' & '.join(map(_group, conjunction))})" for conjunction in expression)


def _group(tokens: Iterable[str]) -> str:
    return f"({' | '.join(_quoted(one) for one in tokens)})"


def _quoted(token: str) -> str:
    assert "'" not in token and "\\" not in token, "a token of ours holds no syntax"  # noqa: PT018
    return f"'{token}'"
