"""How far ahead each module is before anybody asks: its downloads, and the tier it has risen to.

A question that fits most of the registry is answered from the upper tiers, so that it costs no more than others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from registry import models
from registry.search.documents import standing
from registry.services import download_counts
from registry.services.search import TIER_SIZES

AT_ONCE = 500
"""Changes that one transaction writes."""


_SMALLEST = 2
"""How many times bigger than a tier its scope must be. A smaller one is searched as a whole."""


@dataclass(frozen=True)
class Change:
    """What to write down of one module."""

    document_id: int
    module_id: str
    downloads: int
    tier: int
    moved: bool


def downloads(session: Session) -> dict[str, int]:
    """How often each module was ever installed."""
    ids, found = session.scalars(select(models.SearchDocument.module_id)).all(), dict[str, int]()
    for start in range(0, len(ids), AT_ONCE):
        found |= download_counts.of_modules(session, ids[start : start + AT_ONCE])
    return found


def changes(session: Session, downloads: Mapping[str, int], sizes: Sequence[int] = TIER_SIZES) -> tuple[Change, ...]:
    """What is no longer true in the index. `downloads` are the totals of modules by their ids; none counts as zero."""
    table = models.SearchDocument
    rows = session.execute(
        select(table.id, table.module_id, table.scope, table.address, table.quality, table.downloads, table.tier)
    ).all()
    scopes: dict[str, list[tuple[float, str, int]]] = {}
    for row in rows:
        points = standing(downloads.get(row.module_id, 0), row.quality)
        scopes.setdefault(row.scope, []).append((-points, row.address, row.id))
    tiers = {one: tier for ranks in scopes.values() for one, tier in _tiers(ranks, sizes)}
    return tuple(
        Change(row.id, row.module_id, wanted, tiers[row.id], tiers[row.id] != row.tier)
        for row in rows
        if (wanted := downloads.get(row.module_id, 0)) != row.downloads or tiers[row.id] != row.tier
    )


def write(session: Session, some: Sequence[Change]) -> None:
    """Write these changes; what moved to another tier is noted, to be indexed again."""
    for one in some:
        session.execute(
            update(models.SearchDocument)
            .where(models.SearchDocument.id == one.document_id)
            .values(downloads=one.downloads, tier=one.tier)
        )
    moved = [{"module_id": one.module_id} for one in some if one.moved]
    if moved:
        session.execute(insert(models.SearchPending), moved)


def _tiers(ranks: Sequence[tuple[float, str, int]], sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    for place, (_, _, document_id) in enumerate(sorted(ranks)):
        yield document_id, sum(place < size and len(ranks) > _SMALLEST * size for size in sizes)
