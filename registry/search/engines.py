"""Which engine holds the index: that of the session's database. Both have the same functions, and one test suite."""

from collections.abc import Sequence
from types import ModuleType

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry.search import postgres, sqlite
from registry.search.expression import Expression


def engine_of(session: Session) -> ModuleType:
    """The engine's file."""
    return postgres if session.get_bind().dialect.name == "postgresql" else sqlite


def matching(
    session: Session, wanted: Sequence[tuple[Expression, int]], without: frozenset[int] = frozenset()
) -> list[list[int]]:
    """For each expression the documents that fulfil it, in any order, up to its limit. One statement for all.

    Documents `without` count for nothing, not even for the limit.
    """
    engine = engine_of(session)
    values: dict[str, str | int] = {}
    for number, (expression, most) in enumerate(wanted):
        values |= {f"wanted{number}": engine.expression_text(expression), f"most{number}": most + len(without)}
    asked = " UNION ALL ".join(map(engine.asking, range(len(wanted))))
    found: list[list[int]] = [[] for _ in wanted]
    for number, document_id in session.execute(text(asked), values).all():
        if document_id not in without:
            found[number].append(document_id)
    return [some[:most] for some, (_, most) in zip(found, wanted, strict=True)]
