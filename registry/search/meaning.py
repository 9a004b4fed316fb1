"""What the words of a question may mean: themselves, words they begin, or words that were mistyped.

Every step looks wider than the one before; the search takes the first that finds anything.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from registry.search import known_words, words

Matched = Literal["all", "corrected", "some"]
"""Whether all words were found as they stand or begin, some only as others that are near, or not all of them."""

_COMPLETED, _CORRECTED = 0.6, 0.4
"""What a completion and a correction weigh beside the word itself."""


@dataclass(frozen=True)
class Term:
    """One word that is looked for, and the tokens it may be found by, each with its weight."""

    word: str
    tokens: Mapping[str, float]


@dataclass(frozen=True)
class Meaning:
    """`corrections`: what was taken for what."""

    matched: Matched
    terms: tuple[Term, ...]
    corrections: Mapping[str, str] = field(default_factory=dict)


Standing = Callable[[Collection[str]], Collection[str]]
"""Which of these tokens stand in something that the one who asks may read."""


def literally(runs: Sequence[str]) -> Iterator[Meaning]:
    """The words as they stand: nothing that anybody else wrote has a part in it."""
    terms = tuple(Term(run, {words.token(run): 1.0}) for run in runs)
    yield Meaning("all", terms)
    if len(terms) > 1:
        yield Meaning("some", terms)


def meanings(session: Session, scopes: Sequence[str], runs: Sequence[str], standing: Standing) -> Iterator[Meaning]:
    """From the narrowest to the widest. Each is worked out only when it is asked for."""
    plain = _terms(session, scopes, runs)
    yield Meaning("all", plain)
    corrected, corrections = [], {}
    near = {one.word: known_words.near(session, scopes, one.word) for one in plain if len(one.tokens) == 1}
    known = standing({words.token(word) for some in near.values() for word in some})
    for term in plain:
        found = [word for word in near.get(term.word, ()) if words.token(word) in known]
        if found:
            corrections[term.word] = found[0]
        nearby = {words.token(word): _CORRECTED for word in found}
        corrected.append(Term(term.word, {**nearby, **term.tokens}))
    if corrections:
        yield Meaning("corrected", tuple(corrected), corrections)
    if len(plain) > 1:
        yield Meaning("some", tuple(corrected), corrections)


def _terms(session: Session, scopes: Sequence[str], runs: Sequence[str]) -> tuple[Term, ...]:
    known = known_words.completions(session, scopes, runs)
    # An identifier that nothing is known by: its words may still stand together somewhere.
    parts = {run: words.parts(run) for run in runs if "_" in run and not known[run]}
    known = {
        **known_words.completions(session, scopes, list({one for some in parts.values() for one in some})),
        **known,
    }
    wanted = dict.fromkeys(one for run in runs for one in parts.get(run, (run,)))
    return tuple(Term(one, _tokens(one, known[one])) for one in wanted)


def _tokens(word: str, completions: Sequence[str]) -> dict[str, float]:
    return {**{words.token(one): _COMPLETED for one in completions}, words.token(word): 1.0}
