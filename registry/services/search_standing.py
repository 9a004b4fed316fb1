"""How far ahead each module is before anybody asks: its downloads, and whether it is among the leading ones.

A question that fits most of the registry is answered from the leading modules, so that it costs no more than others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from registry import models
from registry.search.documents import standing
from registry.services.search import MOST_FOUND

AT_ONCE = 500
"""Changes that one transaction writes."""


@dataclass(frozen=True)
class Change:
    """What to write down of one module."""

    document_id: int
    module_id: str
    downloads: int
    leading: bool
    reindex: bool


def changes(session: Session, downloads: Mapping[str, int], leading: int = MOST_FOUND) -> tuple[Change, ...]:
    """What is no longer true in the index. `downloads` are the totals of modules by their ids; none counts as zero.

    A scope leads with as many as one answer holds; a smaller one needs no leaders.
    """
    table = models.SearchDocument
    rows = session.execute(
        select(table.id, table.module_id, table.scope, table.address, table.quality, table.downloads, table.leading)
    ).all()
    ahead = _ahead({row.id: (row.scope, _rank(row, downloads)) for row in rows}, leading)
    return tuple(
        Change(row.id, row.module_id, wanted, row.id in ahead, (row.id in ahead) != row.leading)
        for row in rows
        if (wanted := downloads.get(row.module_id, 0)) != row.downloads or (row.id in ahead) != row.leading
    )


def write(session: Session, some: Sequence[Change]) -> None:
    """Write these changes; what moved in or out of the lead is noted, to be indexed again."""
    for one in some:
        session.execute(
            update(models.SearchDocument)
            .where(models.SearchDocument.id == one.document_id)
            .values(downloads=one.downloads, leading=one.leading)
        )
    moved = [{"module_id": one.module_id} for one in some if one.reindex]
    if moved:
        session.execute(insert(models.SearchPending), moved)


def _rank(row: object, downloads: Mapping[str, int]) -> tuple[float, str]:
    return -standing(downloads.get(row.module_id, 0), row.quality), row.address  # type: ignore[attr-defined]


def _ahead(ranks: Mapping[int, tuple[str, tuple[float, str]]], most: int) -> frozenset[int]:
    by_scope: dict[str, list[tuple[tuple[float, str], int]]] = {}
    for document_id, (scope, rank) in ranks.items():
        by_scope.setdefault(scope, []).append((rank, document_id))
    return frozenset(
        document_id for found in by_scope.values() if len(found) > most for _, document_id in sorted(found)[:most]
    )
