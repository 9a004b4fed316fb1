"""What a word is, the same for what is indexed and for what is asked, and so the same on both databases.

Pure, and at ease with any text: an engine is only ever given tokens made here, which hold no character of its syntax.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 64
"""Characters of a word that count."""

# A run of letters and digits, or several that underscores hold together, as in `aws_sqs_queue`.
_RUN = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PLAIN = re.compile(r"[0-9a-z_]+")
_VALUE = re.compile(r"[0-9a-z_:/.-]{1,200}")
_NO_PLURAL = ("ss", "us", "is")

PUBLIC_SCOPE = ""
HEAD = "@"
"""Marks once more the token of a word that stands in a name or among the keywords."""
TIERS = ("%", "^")
"""Mark once more the tokens of modules that are ahead of others, and of the few that are ahead of these."""

_HIDDEN = "u="

EVERYTHING = "=all"
"""A token that every document holds."""


def fold(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def runs(text: str) -> Iterator[str]:
    """The identifiers and words of a text, in its order, folded: `aws_sqs_queue` is one."""
    for match in _RUN.finditer(fold(text)):
        yield match.group()[:LONGEST]


def parts(run: str) -> tuple[str, ...]:
    """The words of an identifier; a plain word is its own only part."""
    return tuple(part for part in run.split("_") if part)


def surfaces(text: str) -> Iterator[str]:
    """Every word of a text as people write it: identifiers, and their parts as well."""
    for run in runs(text):
        yield run
        if "_" in run:
            yield from parts(run)


def token(word: str) -> str:
    """The form in which a word is indexed and looked up: one of its plural and singular, ASCII only."""
    if not _PLAIN.fullmatch(word):
        return _HIDDEN + _digest(word, 8)
    return word if "_" in word else _singular(word)


def is_hidden(token_: str) -> bool:
    """Whether a token is of words that it does not show."""
    return token_.startswith(_HIDDEN)


def possible(token_: str) -> tuple[str, ...]:
    """The words that may be behind a token, and a few that are not; none for one that hides its words."""
    if is_hidden(token_):
        return ()
    return (token_, token_ + "s", f"{token_[:-1]}ies")


def tokens(text: str) -> set[str]:
    """The forms of all words of a text."""
    return {token(word) for word in surfaces(text)}


def filter_token(kind: str, value: str) -> str | None:
    """The token of a fact one may filter by, such as `r:aws_sqs_queue`; None for a value no module of ours has."""
    folded = value.lower()
    return f"{kind}:{folded}" if _VALUE.fullmatch(folded) else None


def scope_of(namespace_id: str, *, public: bool) -> str:
    """What the tokens of a module begin with: those of private ones are other tokens, which no stranger's query has."""
    return PUBLIC_SCOPE if public else _digest(namespace_id, 5)


def scoped(scope: str, tokens_: Iterable[str], mark: str = "") -> list[str]:
    """Tokens as the engines hold them."""
    prefix = f"{scope}~{mark}" if scope else mark
    return [prefix + one for one in sorted(tokens_)]


def unscoped(scope: str, scoped_: Iterable[str]) -> set[str]:
    """The tokens of words among these that are of this scope, plain once more."""
    prefix = f"{scope}~" if scope else ""
    plain = (one.removeprefix(prefix) for one in scoped_ if one.startswith(prefix))
    return {one for one in plain if is_hidden(one) or _PLAIN.fullmatch(one)}


def trigrams(word: str) -> frozenset[str]:
    """The word's pieces of three characters, its beginning and end marked."""
    marked = f"^{word}$"
    return frozenset(marked[start : start + 3] for start in range(len(marked) - 2))


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(_NO_PLURAL) or not word.isalpha():
        return word
    return f"{word[:-3]}y" if word.endswith("ies") and len(word) > 4 else word[:-1]


def _digest(text: str, size: int) -> str:
    return hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
