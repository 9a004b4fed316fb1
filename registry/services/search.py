"""The search: which modules fit what somebody asks, the best first, with counts to narrow it down.

Private modules are found by their own readers only: what a stranger asks is put to the engine in tokens that no private
module has, and whatever comes back is held to the namespaces' own rows before anything is counted.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

import accounts.models
from accounts.tokens import Principal
from registry import models
from registry.search import known_words, words
from registry.search.engines import engine_of, matching
from registry.search.expression import Expression, expression
from registry.search.meaning import Matched, Meaning, literally, meanings
from registry.search.question import FILTERS, Question, QuestionError
from registry.search.ranking import Candidate, ranked
from registry.services.visibility import may_read

__all__ = ["MOST_FOUND", "Facet", "Found", "Question", "QuestionError", "search"]

MOST_FOUND = 500
"""How many modules one question is answered with. What lies beyond is not ranked, not counted and not on any page."""

TIER_SIZES = (5_000, 250)
"""How many modules of a scope are ahead of the others, and how many ahead of these."""

# So many hits in a tier say that a word stands everywhere.
_ENOUGH_OF_FEW, _ENOUGH_OF_MANY = TIER_SIZES[1] // 2, TIER_SIZES[0] // 10
_MOST_HEAD = 250
_MOST_FACETS = 20
_LOOKED_INTO = 20


@dataclass(frozen=True)
class Facet:
    """One value of a filter, and how many of the modules found have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Found:
    """One page of an answer. `total` counts what was found; where `total_is_exact` is false there is more."""

    module_ids: tuple[str, ...]
    total: int
    total_is_exact: bool
    matched: Matched = "all"
    corrections: Mapping[str, str] = field(default_factory=dict)
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict)


_NOTHING = Found((), 0, True, facets=dict.fromkeys(FILTERS, ()))


@dataclass(frozen=True)
class _Home:
    name: str
    verified: bool


def search(session: Session, question: Question, principal: Principal | None, *, facets: bool = True) -> Found:
    """The modules that this one may read and that fit, ranked. An empty question finds all of them."""
    required = question.filter_tokens()
    if required is None:
        return _NOTHING
    scopes, closed = _scopes(principal), _closed(session, principal)
    for meaning in _meanings(session, scopes, question, principal, guessing=not closed):
        ids, complete = _candidate_ids(session, scopes, meaning, required, closed)
        candidates, homes = _readable(session, ids, principal)
        if candidates:
            return _found(question, meaning, candidates, homes, complete=complete, with_facets=facets)
    return _NOTHING


def _scopes(principal: Principal | None) -> tuple[str, ...]:
    if principal is None:
        return (words.PUBLIC_SCOPE,)
    return (words.PUBLIC_SCOPE, words.scope_of(principal.namespace_id, public=False))


def _closed(session: Session, principal: Principal | None) -> frozenset[int]:
    """Documents that the index still holds as public, and whose namespace has closed: until they are indexed anew.

    In these seconds nothing is completed or corrected, since the words one would guess from may be theirs; and they
    count for nothing else.
    """
    note, one, namespace = models.SearchPending, models.SearchDocument, accounts.models.Namespace
    found = session.scalars(
        select(one.id)
        .join(note, note.module_id == one.module_id)
        .join(namespace, namespace.id == one.namespace_id)
        .where(one.scope == words.PUBLIC_SCOPE, ~may_read(principal))
    )
    return frozenset(found)


def _meanings(
    session: Session, scopes: Sequence[str], question: Question, principal: Principal | None, *, guessing: bool
) -> Iterator[Meaning]:
    runs = question.runs()
    if runs and not guessing:
        yield from literally(runs)
    elif runs:
        yield from meanings(session, scopes, runs, partial(_standing, session, scopes, principal))
    elif not question.text.strip():
        yield Meaning("all", ())


def _standing(
    session: Session, scopes: Sequence[str], principal: Principal | None, tokens: Collection[str]
) -> Collection[str]:
    """Which of these tokens stand in a module that this one may read: a namespace may have closed a moment ago."""
    one, namespace = models.SearchDocument, accounts.models.Namespace
    known: set[str] = set()
    # The modules that are ahead first: to find twenty of very many, Postgres goes through all of them.
    for tier in (*reversed(words.TIERS), ""):
        found = known_words.standing(session, scopes, sorted({*tokens} - known), _LOOKED_INTO, tier)
        ids = sorted({one for some in found.values() for one in some})
        if ids:
            wanted = select(one.id).join(namespace, namespace.id == one.namespace_id)
            among = engine_of(session).among(one.id, ids)
            readable = set(session.scalars(wanted.where(among).where(may_read(principal))))
            known |= {token for token, some in found.items() if not readable.isdisjoint(some)}
    return known


def _candidate_ids(
    session: Session, scopes: Sequence[str], meaning: Meaning, required: Sequence[str], closed: frozenset[int]
) -> tuple[list[int], bool]:
    """Documents to look at, and whether these are all.

    Words that stand everywhere are looked for among the modules that are ahead, tier by tier, so that they cost no
    more than others. What has the words in its name or keywords is then added from wherever it stands.
    """
    groups: list[Collection[str]] = [term.tokens.keys() for term in meaning.terms]
    if meaning.matched == "some":
        groups = [{token for term in meaning.terms for token in term.tokens}]

    def wanted(most: int, *, tier: str = "", head: bool = False) -> tuple[Expression, int]:
        return expression(scopes, groups, required, tier=tier, head=head), most

    many, few = words.TIERS
    best, good, head = matching(
        session,
        [wanted(MOST_FOUND, tier=few), wanted(MOST_FOUND, tier=many), wanted(_MOST_HEAD, tier=many, head=True)],
        closed,
    )
    found = best if len(best) >= _ENOUGH_OF_FEW else [*best, *good]
    if len(found) < _ENOUGH_OF_MANY and len(best) < _ENOUGH_OF_FEW:
        rest, everywhere = matching(session, [wanted(MOST_FOUND + 1), wanted(_MOST_HEAD, head=True)], closed)
        if len(rest) <= MOST_FOUND:
            return rest, True
        found, head = [*found, *rest], [*head, *everywhere]
    first = MOST_FOUND - _MOST_HEAD
    return list(dict.fromkeys([*found[:first], *head[:_MOST_HEAD], *found[first:]]))[:MOST_FOUND], False


def _readable(
    session: Session, ids: Sequence[int], principal: Principal | None
) -> tuple[list[Candidate], Mapping[str, _Home]]:
    if not ids:
        return [], {}
    one, namespace = models.SearchDocument, accounts.models.Namespace
    shown = (
        one.module_id, one.namespace_id, one.address, one.name, one.keywords, one.description, one.providers,
        one.resource_types, one.quality, one.downloads,
    )  # fmt: skip
    wanted: Select[*tuple[Any, ...]] = (
        select(*shown, namespace.name, namespace.verified)
        .join(namespace, namespace.id == one.namespace_id)
        .where(engine_of(session).among(one.id, ids))
        .where(may_read(principal))
    )
    rows = session.execute(wanted).all()
    homes = {row[1]: _Home(row[-2], row[-1]) for row in rows}
    return [Candidate._make(row[:-2]) for row in rows], homes


def _found(
    question: Question,
    meaning: Meaning,
    candidates: Sequence[Candidate],
    homes: Mapping[str, _Home],
    *,
    complete: bool,
    with_facets: bool,
) -> Found:
    best = ranked(candidates, meaning.terms, all_found=meaning.matched != "some")
    return Found(
        module_ids=tuple(one.module_id for one in best[question.offset : question.offset + question.limit]),
        total=len(best),
        total_is_exact=complete,
        matched=meaning.matched,
        corrections=meaning.corrections,
        facets=_facets(candidates, homes) if with_facets else {},
    )


def _facets(candidates: Sequence[Candidate], homes: Mapping[str, _Home]) -> dict[str, tuple[Facet, ...]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILTERS}
    namespace_ids = Counter(one.namespace_id for one in candidates)
    for namespace_id, count in namespace_ids.items():
        counts["namespace"][homes[namespace_id].name] += count
        counts["verified"]["true" if homes[namespace_id].verified else "false"] += count
    counts["system"].update(one.address.rpartition("/")[2] for one in candidates)
    counts["provider"].update(" ".join(one.providers for one in candidates).split())
    counts["resource_type"].update(" ".join(one.resource_types for one in candidates).split())
    return {name: _most_common(count) for name, count in counts.items()}


def _most_common(counts: Counter[str]) -> tuple[Facet, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Facet(value, count) for value, count in ordered[:_MOST_FACETS])
