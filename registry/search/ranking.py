"""Which of the modules that were found comes first: where the words stand, then use and quality. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from registry.search.documents import standing
from registry.search.meaning import Term

_NAME, _KEYWORDS, _DESCRIPTION, _ELSEWHERE = 1.0, 0.5, 0.4, 0.1
_WHOLE_NAME = 0.5
_STANDING = 0.3
"""Less than lies between a word in the name and one in the description: use and quality decide among equals."""


class Candidate(NamedTuple):
    """A module that fulfils the question. A tuple, since a thousand of them are made for one answer."""

    module_id: str
    namespace_id: str
    address: str
    name: str
    keywords: str
    description: str
    providers: str
    resource_types: str
    quality: int
    downloads: int


def ranked(candidates: Sequence[Candidate], terms: Sequence[Term], *, all_found: bool) -> list[Candidate]:
    """The best first; of equals, by address. `all_found`: every word stands somewhere in every one of them."""
    elsewhere = _ELSEWHERE if all_found else 0.0
    wanted = [term.tokens for term in terms]
    any_of_them = frozenset(token for tokens in wanted for token in tokens)

    def key(one: Candidate) -> tuple[float, str]:
        points = _STANDING * standing(one.downloads, one.quality)
        if wanted:
            points += _relevance(one, wanted, any_of_them, elsewhere) / len(wanted)
        return -points, one.address

    return sorted(candidates, key=key)


def _relevance(
    one: Candidate, wanted: Sequence[Mapping[str, float]], any_of_them: frozenset[str], elsewhere: float
) -> float:
    name = one.name.split()
    in_name = any_of_them.intersection(name)
    in_keywords = any_of_them.intersection(one.keywords.split())
    in_description = any_of_them.intersection(one.description.split())
    if not (in_name or in_keywords or in_description):
        return elsewhere * len(wanted)
    points = 0.0
    for tokens in wanted:
        by_name = _best(tokens, in_name)
        points += max(
            _NAME * by_name,
            _KEYWORDS * _best(tokens, in_keywords),
            _DESCRIPTION * _best(tokens, in_description),
            elsewhere,
        )
        # Of `queue` and `queue-consumer`, who asks for a queue means the first.
        points += _WHOLE_NAME * by_name / len(name) if by_name else 0.0
    return points


def _best(tokens: Mapping[str, float], found: Collection[str]) -> float:
    return max((tokens.get(word, 0.0) for word in found), default=0.0) if found else 0.0
