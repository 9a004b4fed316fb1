"""The words that modules are known by: beginnings are completed from them, and mistyped words compared with them.

Words of private modules are kept apart, under their scope: what a stranger types is never compared with them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import LargeBinary, Select, cast, delete, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from registry import models
from registry.search import words
from registry.search.engines import engine_of, matching
from registry.search.expression import expression

_MOST_COMPLETIONS = 30
_MOST_NEAR = 5
_MOST_COMPARED = 60
_SHORTEST_BEGINNING = 2
_SHORTEST_MISTYPED, _LONGEST_MISTYPED = 4, 32
_FORGOTTEN_AT_ONCE = 500
_ASKED_AT_ONCE = 100
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
        _forget(session, scope, gone)
    return sum(map(len, unused.values()))


def forget(session: Session, scope: str, lost: Collection[str]) -> None:
    """Forget the words of tokens that a document of the scope has lost, where no other document there has them."""
    known = _known_by(session, scope, lost)
    tokens = sorted(set(known.values()))
    left = standing(session, (scope,), tokens, 1)
    _forget(session, scope, [word for word, token in known.items() if not left[token]])


def standing(
    session: Session, scopes: Sequence[str], tokens: Sequence[str], most: int, tier: str = ""
) -> Mapping[str, Sequence[int]]:
    """For each token documents that hold it, up to `most`; with `tier` only among those of that tier."""
    found: dict[str, Sequence[int]] = {}
    for start in range(0, len(tokens), _ASKED_AT_ONCE):
        some = tokens[start : start + _ASKED_AT_ONCE]
        wanted = [(expression(scopes, [[token]], [], tier=tier), most) for token in some]
        found |= zip(some, matching(session, wanted), strict=True)
    return found


def _known_by(session: Session, scope: str, tokens: Collection[str]) -> dict[str, str]:
    """The known words of these tokens, each with its token."""
    table, wanted = models.SearchWord, frozenset(tokens)
    possible = sorted({word for token in wanted for word in words.possible(token)})
    found = [
        *session.scalars(select(table.word).where(table.scope == scope, engine_of(session).among(table.word, possible)))
    ]
    if any(words.is_hidden(token) for token in wanted):
        # What such a token was made of cannot be told, only that it was not plain: more bytes than characters.
        longer = func.length(cast(table.word, LargeBinary)) > func.length(table.word)
        found += session.scalars(select(table.word).where(table.scope == scope, longer))
    return {word: token for word in found if (token := words.token(word)) in wanted}


def _forget(session: Session, scope: str, gone: Sequence[str]) -> None:
    for start in range(0, len(gone), _FORGOTTEN_AT_ONCE):
        some = gone[start : start + _FORGOTTEN_AT_ONCE]
        for table in (models.SearchWord, models.SearchTrigram):
            session.execute(delete(table).where(table.scope == scope, table.word.in_(some)))


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
