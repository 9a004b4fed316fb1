"""Whether whatever one condition lets through another lets through as well, as far as their texts show it.

Evaluates nothing: equal terms, lists that only grew, and bounds that only widened are known; of all else it says no.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tfmodule.literals import json_text

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/|\s+|&&|\|\||.', re.DOTALL)
_LOCAL = re.compile(r"(?<![\w.-])local\.([A-Za-z_][\w-]*)")
_CONTAINS = re.compile(r"contains\((\[.*\]),([^,\[\]()]+)\)", re.DOTALL)
_EQUALS = re.compile(r'([\w.-]+)==("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?)')
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BOUND = re.compile(rf"(.+?)(<=|>=|<|>){_NUMBER}")
_TURNED = re.compile(rf"{_NUMBER}(<=|>=|<|>)(.+)")
_OTHER_WAY = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LONGEST = 20_000
_LONGEST_WEIGHED = 4_000
_ROUNDS = 8


def flat(text: str) -> str:
    """Without layout and comments; what stands in quotes stays as it is."""
    pieces = (match.group() for match in _PIECE.finditer(text))
    return "".join(one for one in pieces if one[0] == '"' or not (one.isspace() or one.startswith(("#", "//", "/*"))))


def with_locals(text: str, known: Mapping[str, str]) -> str:
    """The expression with what its locals are in their places; it gives up where that grows without end."""
    for _ in range(_ROUNDS):
        names = _LOCAL.findall(text)
        if not names or len(text) + sum(len(known.get(one, "")) for one in names) > _LONGEST:
            break
        text = _LOCAL.sub(
            lambda match: f"({known[match.group(1)]})" if match.group(1) in known else match.group(), text
        )
    return text


def lets_through(old: Iterable[str], new: Iterable[str]) -> bool:
    """Whether all that passes every old condition is sure to pass every new one."""
    sides = [[flat(one) for one in side] for side in (old, new)]
    if any(sum(len(one) for one in side) > _LONGEST_WEIGHED for side in sides):
        return set(sides[1]) <= set(sides[0])  # every term is held against every other: that is for people's rules
    before, after = ([part for one in side for part in _demands(one)] for side in sides)
    return all(wanted in before or any(_implies(one, wanted) for one in before) for wanted in after)


def _demands(text: str) -> list[str]:
    """What a condition asks for, one by one."""
    text = _bare(text)
    if _has_choice(text) or len(_split(text, "||")) > 1:
        return [text]
    parts = _split(text, "&&")
    return [text] if len(parts) == 1 else [inner for part in parts for inner in _demands(part)]


def _implies(old: str, new: str) -> bool:
    if old == new:
        return True
    return all(any(_all_of(one, other) for other in _ways(new)) for one in _ways(old))


def _ways(text: str) -> list[str]:
    return [text] if _has_choice(text) else [_bare(one) for one in _split(text, "||")]


def _all_of(old: str, new: str) -> bool:
    return all(
        any(_term_implies(_bare(one), _bare(wanted)) for one in _split(old, "&&")) for wanted in _split(new, "&&")
    )


def _term_implies(old: str, new: str) -> bool:
    if old == new:
        return True
    first, second = _choices(old), _choices(new)
    if first is not None and second is not None:
        return first[0] == second[0] and first[1] <= second[1]
    low, high = _bound(old), _bound(new)
    if low is None or high is None or low[0] != high[0] or low[1][0] != high[1][0]:
        return False
    (_, sign, have), (_, wanted, limit) = low, high
    if have == limit:
        return len(wanted) == 2 or len(sign) == 1
    return have < limit if sign[0] == "<" else have > limit


@lru_cache(maxsize=2048)
def _choices(term: str) -> tuple[str, frozenset[str]] | None:
    """The subject and the values it may have, as JSON."""
    if match := _EQUALS.fullmatch(term):
        return match.group(1), frozenset({json_text(match.group(2)) or ""})
    match = _CONTAINS.fullmatch(re.sub(r"contains\(\((\[.*\])\)", r"contains(\1", term))
    text = json_text(match.group(1)) if match else None
    if match is None or text is None:
        return None
    return match.group(2), frozenset(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in json.loads(text))


@lru_cache(maxsize=2048)
def _bound(term: str) -> tuple[str, str, float] | None:
    if match := _BOUND.fullmatch(term):
        subject, sign, number = match.groups()
    elif match := _TURNED.fullmatch(term):
        number, sign, subject = match.groups()
        sign = _OTHER_WAY[sign]
    else:
        return None
    # A comparison inside a call or beside another operator is none of the whole term.
    alone = subject.count("(") == subject.count(")") and not re.search(r"[<>=!&|?]", subject)
    return (subject, sign, float(number)) if alone else None


def _has_choice(text: str) -> bool:
    return len(_split(text, "?")) > 1


@lru_cache(maxsize=2048)
def _split(text: str, mark: str) -> tuple[str, ...]:
    """At every mark outside of brackets and quotes."""
    found, depth, part = [], 0, ""
    for match in _PIECE.finditer(text):
        piece = match.group()
        depth += (piece in "([{") - (piece in ")]}")
        if piece == mark and depth == 0:
            found.append(part)
            part = ""
        else:
            part += piece
    return (*found, part)


def _bare(text: str) -> str:
    """Without brackets around the whole."""
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1]
    return text


def _closes_last(text: str) -> bool:
    depth = 0
    for match in _PIECE.finditer(text):
        depth += (match.group() in "([{") - (match.group() in ")]}")
        if depth == 0:
            return match.end() == len(text)
    return False
