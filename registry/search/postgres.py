"""The index on Postgres: tsvectors of our tokens under a GIN index. Needs no extension and no configuration.

Knows the syntax of tsquery, and is given no text of anybody's.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry.search.expression import Expression

LIST = "(SELECT unnest(CAST(:values AS text[])))"
"""All of `:values`, as `listed` makes them, for `IN`."""

IDS = "= ANY(:ids)"
"""Any of `:ids`, made by the same."""

_LOCK = 7_238_115  # any number, the same in every process


def listed(values: Sequence[str] | Sequence[int]) -> list[str] | list[int]:
    """Values as one parameter."""
    return list(values)  # type: ignore[return-value]  # of either kind, as they come


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


def erase(session: Session, document_ids: Sequence[int]) -> None:
    """Let these documents be found no more."""
    session.execute(text("DELETE FROM search_index WHERE document_id = ANY(:ids)"), {"ids": list(document_ids)})


def matching(session: Session, expression: Expression, limit: int) -> list[int]:
    """Documents that fulfil the expression, in any order; it stops at the limit."""
    # The planner guesses badly how often our tokens stand together, and would then read the whole table.
    session.execute(text("SET LOCAL enable_seqscan = off"))
    found = session.execute(
        text("SELECT document_id FROM search_index WHERE terms @@ CAST(:wanted AS tsquery) LIMIT :most"),
        {"wanted": expression_text(expression), "most": limit},
    )
    ids = list(found.scalars())
    session.execute(text("SET LOCAL enable_seqscan = on"))
    return ids


def expression_text(expression: Expression) -> str:
    """In the words of tsquery."""
    return " | ".join(f"({' & '.join(map(_group, conjunction))})" for conjunction in expression)


def _group(tokens: Iterable[str]) -> str:
    return f"({' | '.join(_quoted(one) for one in tokens)})"


def _quoted(token: str) -> str:
    assert "'" not in token and "\\" not in token, "a token of ours holds no syntax"  # noqa: PT018
    return f"'{token}'"
