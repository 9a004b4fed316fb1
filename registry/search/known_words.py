"""The words that modules are known by: beginnings are completed from them, and mistyped words compared with them.

Words of private modules are kept apart, under their scope: what a stranger types is never compared with them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Select, delete, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from registry import models
from registry.search import words
from registry.search.engines import engine_of

_MOST_COMPLETIONS = 30
_MOST_NEAR = 5
_MOST_COMPARED = 60
_SHORTEST_BEGINNING = 2
_SHORTEST_MISTYPED, _LONGEST_MISTYPED = 4, 32
_FORGOTTEN_AT_ONCE = 500
_ALMOST_END = "\U0010ffff"


def add(session: Session, scope: str, found: Iterable[str]) -> None:
    """Know these words in this scope."""
    wanted = sorted(set(found))
    among = engine_of(session).among(models.SearchWord.word, wanted)
    known = set(session.scalars(select(models.SearchWord.word).where(models.SearchWord.scope == scope).where(among)))
    fresh = [word for word in wanted if word not in known]
    if not fresh:
        return
    session.execute(insert(models.SearchWord), [{"scope": scope, "word": word} for word in fresh])
    pieces = [
        {"scope": scope, "trigram": trigram, "length": len(word), "word": word}
        for word in fresh
        if _may_be_mistyped(word)
        for trigram in sorted(words.trigrams(word))
    ]
    if pieces:
        session.execute(insert(models.SearchTrigram), pieces)


def keep(session: Session, used: Mapping[str, Collection[str]]) -> int:
    """Forget every word that is not used in its scope. Returns how many those were."""
    unused: dict[str, list[str]] = {}
    for scope, word in session.execute(select(models.SearchWord.scope, models.SearchWord.word)):
        if word not in used.get(scope, ()):
            unused.setdefault(scope, []).append(word)
    for scope, gone in unused.items():
        for start in range(0, len(gone), _FORGOTTEN_AT_ONCE):
            some = gone[start : start + _FORGOTTEN_AT_ONCE]
            for table in (models.SearchWord, models.SearchTrigram):
                session.execute(delete(table).where(table.scope == scope, table.word.in_(some)))
    return sum(map(len, unused.values()))


def completions(session: Session, scopes: Collection[str], beginnings: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """For each beginning the known words, the shortest first: the word itself comes first if it is known."""
    if not beginnings:
        return {}
    each = [_completions(scopes, number, one) for number, one in enumerate(beginnings)]
    found: list[list[str]] = [[] for _ in beginnings]
    for number, word in session.execute(union_all(*each)):
        found[number].append(word)
    shortest_first = (tuple(sorted(some, key=lambda word: (len(word), word))) for some in found)
    return dict(zip(beginnings, shortest_first, strict=True))


def _completions(scopes: Collection[str], number: int, beginning: str) -> Select[int, str]:
    word = models.SearchWord.word
    wanted = select(word).where(models.SearchWord.scope.in_(scopes)).distinct()
    if len(beginning) < _SHORTEST_BEGINNING:
        wanted = wanted.where(word == beginning)
    else:
        wanted = wanted.where(word >= beginning, word < beginning + _ALMOST_END)
    found = wanted.subquery().c.word
    shortest = select(found).order_by(func.length(found), found).limit(_MOST_COMPLETIONS).subquery()
    return select(literal(number), shortest.c.word)


def near(session: Session, scopes: Collection[str], mistyped: str) -> tuple[str, ...]:
    """Known words that somebody may have meant who typed this, the nearest first."""
    if not _may_be_mistyped(mistyped):
        return ()
    allowed = 1 if len(mistyped) < 8 else 2
    compared = _sharing_most_trigrams(session, scopes, mistyped, allowed)
    distances = ((distance(mistyped, word), word) for word in compared)
    return tuple(word for steps, word in sorted(distances) if 0 < steps <= allowed)[:_MOST_NEAR]


def distance(one: str, other: str) -> int:
    """How many letters were left out, put in, changed or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _sharing_most_trigrams(session: Session, scopes: Collection[str], word: str, allowed: int) -> Sequence[str]:
    table = models.SearchTrigram
    shared = func.count(func.distinct(table.trigram)).desc()
    return session.scalars(
        select(table.word)
        .where(table.scope.in_(scopes))
        .where(table.trigram.in_(words.trigrams(word)))
        .where(table.length.between(len(word) - allowed, len(word) + allowed))
        .group_by(table.word)
        .order_by(shared, table.word)
        .limit(_MOST_COMPARED)
    ).all()


def _may_be_mistyped(word: str) -> bool:
    return _SHORTEST_MISTYPED <= len(word) <= _LONGEST_MISTYPED and "_" not in word
