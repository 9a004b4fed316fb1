"""What can be seen in a policy's text without running it: its package, its rules, and what may not stand in it.

Reads words, strings and comments as Rego's scanner does; whether the rest is Rego, the evaluator says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<raw>`[^`]*`?)
    |(?P<string>"(?:[^"\\\n]|\\.)*"?)
    |(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<newline>\n)
    |(?P<open>[\[({])
    |(?P<close>[\])}])
    |(?P<other>[^\S\n]+|.)""",
    re.VERBOSE,
)
_WORDS = re.compile(r"[A-Za-z_]\w*")
# Flags, width and precision; what an argument would decide of them is not known to the evaluator.
_VERB = re.compile(r"%(?:%|([-+# 0]*\d{0,3}(?:\.\d{0,3})?)([A-Za-z*\[]|\d)|(\Z))")
_VERBS = frozenset("svdxXofFeEgGt")
_UNSETTLED = "it does not say the same twice, and a report must."
_OUTSIDE = "policies reach nothing outside: what they may know stands in `input` and `data`."
_FORBIDDEN = {
    "http.send": _OUTSIDE,
    "net.lookup_ip_addr": _OUTSIDE,
    "opa.runtime": _OUTSIDE,
    "rand.intn": _UNSETTLED,
    "time.now_ns": _UNSETTLED,
    "uuid.rfc4122": _UNSETTLED,
}
_NO_RULES = frozenset({"package", "import", "else", "if", "some", "every", "not", "with", "as", "contains", "in"})
_KNOWN = _NO_RULES | {"default", "true", "false", "null", "input", "data", "_", "set"}


@dataclass(frozen=True)
class Problem:
    """Something that stands in the way of a policy, where it is, and what to do."""

    message: str
    path: str
    line: int
    fix: str = ""


@dataclass(frozen=True)
class Name:
    """A word that stands in a rule; what it means, only its whole package tells."""

    text: str
    line: int


@dataclass(frozen=True)
class RegoText:
    """`package` is empty where there is none. `rules` has the line on which each name is first defined.

    `lonely` are names that stand once in a rule: each is a rule of the package, or a slip.
    """

    path: str
    package: str
    rules: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    lonely: tuple[Name, ...] = ()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int
    depth: int
    first: bool
    """Nothing but blanks stands before it on its line."""
    after: str
    """The character before it."""

    @property
    def begins_rule(self) -> bool:
        return self.kind == "word" and self.first and self.depth == 0 and self.text not in _NO_RULES


def read_rego(path: str, text: str) -> RegoText:
    """Read it once from start to end; never raises."""
    tokens = [one for one in _tokens(text) if one.kind not in ("comment", "newline", "other")]
    package = next((b.text for a, b in pairwise(tokens) if a.text == "package" and a.first), "")
    rules: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if token.begins_rule:
            named = tokens[number + 1] if token.text == "default" and number + 1 < len(tokens) else token
            rules.setdefault(named.text.partition(".")[0], named.line)
    imported = {b.text.rpartition(".")[2] for a, b in pairwise(tokens) if a.text in ("import", "as") and a.depth == 0}
    return RegoText(
        path,
        package,
        rules,
        tuple(_problems(path, tokens)),
        tuple(one for one in _lonely(tokens) if one.text not in imported),
    )


def _calls(token: _Token, after: _Token | None) -> bool:
    return after is not None and after.text == "(" and after.line == token.line


def _tokens(text: str) -> Iterator[_Token]:
    line, depth, first, place = 1, 0, True, 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None, "the last alternative takes any character"
        kind, piece = str(match.lastgroup), match.group()
        depth -= kind == "close" and depth > 0
        yield _Token(kind, piece, line, depth, first, text[max(place - 1, 0) : place])
        depth += kind == "open"
        line += piece.count("\n")
        first = kind == "newline" or (first and piece.isspace())
        place = match.end()


def _problems(path: str, tokens: list[_Token]) -> Iterator[Problem]:
    formats = any(token.text == "sprintf" for token in tokens)
    for token in tokens:
        if token.kind == "word" and token.text in _FORBIDDEN:
            message = f"`{token.text}` may not be used in a policy: {_FORBIDDEN[token.text]}"
            yield Problem(message, path, token.line, "Leave it out.")
        elif token.kind == "word" and token.text == "with":
            message = "`with` is not supported: the evaluator does not survive it."
            fix = 'A test gives its input as a value: `test_name := {"policy": …, "input": …, "deny": 1}`.'
            yield Problem(message, path, token.line, fix)
        elif token.kind in ("string", "raw") and formats:
            for flags, verb, end in _VERB.findall(token.text[1:-1]):
                if end or (verb and verb not in _VERBS):
                    message = (
                        f"`%{flags}{verb}` is not formatted by the evaluator: the text would keep it as it stands."
                    )
                    fix = "Write `%s` for text and `%v` for anything else; quotes stand beside it, as in `'%s'`."
                    yield Problem(message, path, token.line, fix)


def _lonely(tokens: list[_Token]) -> Iterator[Name]:
    """Names that stand once between the start of a rule and the start of the next one."""
    seen: dict[str, list[int]] = {}
    header = True
    for number, token in enumerate([*tokens, _Token("word", "", 0, 0, first=True, after="")]):
        if token.begins_rule:
            yield from (Name(name, lines[0]) for name, lines in seen.items() if len(lines) == 1)
            seen, header = {}, False
            continue
        if header or (token.text in ("package", "import") and token.first):
            header = True
            continue
        if token.kind == "string" and token.after == "$":
            for name in _WORDS.findall(token.text):
                seen.setdefault(name, []).extend((token.line, token.line))
        elif token.kind == "word" and token.after != "." and not _calls(token, _next(tokens, number)):
            name = token.text.partition(".")[0]
            if name not in _KNOWN:
                seen.setdefault(name, []).append(token.line)


def _next(tokens: list[_Token], number: int) -> _Token | None:
    return tokens[number + 1] if number + 1 < len(tokens) else None
