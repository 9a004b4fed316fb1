"""Which of the modules that were found comes first: where the words stand, then use and quality. The same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.search.documents import standing
from registry.search.meaning import Term

_NAME, _KEYWORDS, _DESCRIPTION, _ELSEWHERE = 1.0, 0.5, 0.4, 0.1
_WHOLE_NAME = 0.5
_STANDING = 0.3
"""Less than lies between a word in the name and one in the description: use and quality decide among equals."""


@dataclass(frozen=True)
class Candidate:
    """A module that fulfils the question."""

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

    def key(one: Candidate) -> tuple[float, str]:
        points = _STANDING * standing(one.downloads, one.quality)
        if wanted:
            points += _relevance(one, wanted, elsewhere) / len(wanted)
        return -points, one.address

    return sorted(candidates, key=key)


def _relevance(one: Candidate, wanted: Sequence[Mapping[str, float]], elsewhere: float) -> float:
    name, keywords, description = one.name.split(), one.keywords.split(), one.description.split()
    points = 0.0
    for tokens in wanted:
        in_name = _best(tokens, name)
        points += max(
            _NAME * in_name, _KEYWORDS * _best(tokens, keywords), _DESCRIPTION * _best(tokens, description), elsewhere
        )
        # Of `queue` and `queue-consumer`, who asks for a queue means the first.
        points += _WHOLE_NAME * in_name / max(len(name), 1)
    return points


def _best(tokens: Mapping[str, float], words: Sequence[str]) -> float:
    # The first line is what makes a thousand candidates cheap: few of them hold a given word.
    if tokens.keys().isdisjoint(words):
        return 0.0
    return max(tokens.get(word, 0.0) for word in words)
