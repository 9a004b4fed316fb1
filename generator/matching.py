"""Which template fits a prompt, and which of its options the prompt asks for or declines. Words only, no model.

The same prompt always gives the same answer, in time linear in its length.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator.catalogue import Effect, NumberOption, Option, Template
from generator.request import MAX_PROMPT_CHARACTERS
from generator.sanitise import visible
from tfmodule.hcl_writer import Value

Phrase = tuple[str, ...]

_TOKEN = re.compile(r"[a-z0-9]+(?:'t\b)?|[.,;:!?\n()]")
_BOUNDARIES = frozenset(".,;:!?\n()")
_NEGATIONS = frozenset(
    {"without", "no", "not", "non", "never", "don't", "disable", "skip", "exclude", "excluding", "except"}
)
_TURNS = frozenset({"with", "but", "plus"})
_OFF = frozenset({"off", "disabled", "false"})
_NUMBERS = {
    word: value
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
    )
}
_REACH = 4
"""How many words away from its phrase a negation or a number may stand."""
_STRONG, _WEAK = 10, 1


@dataclass(frozen=True)
class Choice:
    """An option that applies, with the number that was found, and what follows."""

    effect: Effect
    number: int | None = None
    variable: str = ""

    @property
    def defaults(self) -> Mapping[str, Value]:
        """New defaults by variable."""
        return dict(self.effect.set) if self.number is None else {**self.effect.set, self.variable: self.number}

    @property
    def sentence(self) -> str:
        """What a person should know about it."""
        return self.effect.says.replace("{number}", str(self.number))


@dataclass(frozen=True)
class Match:
    """A template, the options that apply in the order of its table, and what was asked for that it does not make."""

    template: Template
    choices: tuple[Choice, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    asked: bool


def find(prompt: str, templates: Sequence[Template], system: str | None = None) -> Match | None:
    """The best template for this prompt, of this system where one is given; None where nothing fits."""
    words = _words(prompt)
    foreign = {phrase: hit for phrase in _not_made() if (hit := _asked(words, phrase))}
    foreign_rank = (_STRONG * len(foreign), -min((hit.start for hit in foreign.values()), default=0))
    best: tuple[tuple[int, int], Template] | None = None
    for template in templates:
        if system is not None and template.system != system:
            continue
        rank = _rank(words, template)
        if rank is not None and (best is None or rank > best[0]):
            best = (rank, template)
    if best is None or (foreign and foreign_rank > best[0]):
        return None
    template = best[1]
    own = {_phrase(word) for option in template.options for word in option.words}
    left_out = tuple(phrase for phrase in foreign if _phrase(phrase) not in own)
    return Match(template, tuple(_choices(words, template.options)), left_out)


def tied(prompt: str, templates: Sequence[Template]) -> tuple[str, ...]:
    """The systems of the templates that fit a prompt equally well; one, or none, where there is no doubt."""
    words = _words(prompt)
    ranks = [(rank, template.system) for template in templates if (rank := _rank(words, template)) is not None]
    best = max((rank for rank, _ in ranks), default=None)
    return tuple(sorted({system for rank, system in ranks if rank == best}))


def _rank(words: Sequence[str], template: Template) -> tuple[int, int] | None:
    """Points, and minus the place of the first strong word: of two equals the one named first wins."""
    strong = [hit for hit in (_asked(words, phrase) for phrase in _distinct(template.strong)) if hit]
    if not strong:
        return None
    weak = sum(_asked(words, phrase) is not None for phrase in _distinct(template.weak))
    return _STRONG * len(strong) + _WEAK * weak, -min(hit.start for hit in strong)


def _distinct(phrases: Iterable[str]) -> Iterable[str]:
    """One spelling of each: `bucket` and `buckets` count once."""
    return {_phrase(phrase): phrase for phrase in phrases}.values()


def _choices(words: Sequence[str], options: Iterable[Option]) -> Iterator[Choice]:
    for option in options:
        if any(_asked(words, phrase) for phrase in option.unless):
            continue
        if option.needs and not any(_asked(words, phrase) for phrase in option.needs):
            continue
        hits = sorted((hit for phrase in option.words for hit in _hits(words, phrase)), key=lambda hit: hit.end)
        if not hits:
            continue
        if option.number is not None:
            yield from _numbers(words, hits, option, option.number)
        elif (effect := option.asked if hits[-1].asked else option.declined) != Effect():
            # Who says it twice means the last one.
            yield Choice(effect)


def _numbers(words: Sequence[str], hits: Iterable[_Hit], option: Option, number: NumberOption) -> Iterator[Choice]:
    for hit in hits:
        value = _number_near(words, hit, number) if hit.asked else None
        if value is not None and number.least <= value <= number.most:
            yield Choice(option.asked, value, number.variable)
            return


def _number_near(words: Sequence[str], hit: _Hit, number: NumberOption) -> int | None:
    before, after = hit.start - 1, hit.end
    for _ in range(_REACH + 1):
        for place in (before, after):
            if 0 <= place < len(words) and (value := _value(words[place])) is not None:
                unit = words[place + 1] if place + 1 < len(words) else ""
                return value * number.units.get(unit, 1)
        before = before if before < 0 or words[before] in _BOUNDARIES else before - 1
        after = after if after >= len(words) or words[after] in _BOUNDARIES else after + 1
    return None


def _value(word: str) -> int | None:
    # Seven digits are more than any option takes, and keep `int` cheap.
    return int(word) if word.isdigit() and len(word) <= 7 else _NUMBERS.get(word)


def _asked(words: Sequence[str], phrase: str) -> _Hit | None:
    """The first place where the phrase stands and is not declined."""
    return next((hit for hit in _hits(words, phrase) if hit.asked), None)


def _hits(words: Sequence[str], phrase: str) -> Iterator[_Hit]:
    wanted = _phrase(phrase)
    size = len(wanted)
    for start, word in enumerate(words):
        if word == wanted[0] and tuple(words[start : start + size]) == wanted:
            yield _Hit(start, start + size, not _is_declined(words, start, start + size))


def _is_declined(words: Sequence[str], start: int, end: int) -> bool:
    for word in reversed(words[max(0, start - _REACH) : start]):
        if word in _BOUNDARIES or word in _TURNS:
            break
        if word in _NEGATIONS:
            return True
    following = [word for word in words[end : end + 3] if word != ":"]
    return any(word in _OFF for word in following[:2]) and not any(word in _BOUNDARIES for word in following[:1])


@cache
def _not_made() -> tuple[str, ...]:
    lines = (Path(__file__).parent / "not_made.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _phrase(text: str) -> Phrase:
    return tuple(_words(text))


def _words(text: str) -> list[str]:
    """Lower-case words without plural endings, and the signs that end a thought. `dead-letter` is two words."""
    lowered = visible(text[:MAX_PROMPT_CHARACTERS]).lower().replace("\u2019", "'")
    return [_stem(word) for word in _TOKEN.findall(lowered)]


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")):
        return word[:-1]
    return word
