"""What an HCL expression refers to and which texts it holds, read from its own text in one linear pass.

Evaluates nothing and needs no parser: it follows HCL's scanner (strings, heredocs, templates) as `prescan` does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_IDENTIFIER = r"[^\W\d][\w-]*+"
_CODE = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<comment>\#[^\n]*|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z))
    |(?P<quote>")
    |(?P<heredoc><<-?(?P<marker>{_IDENTIFIER})\r?\n)
    |(?P<open>[\[({{])
    |(?P<close>[\])}}])
    |(?P<dot>\.(?=[^\W\d]|\*|\d))
    |(?P<word>{_IDENTIFIER})
    |(?P<other>\d[\w.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(
    r'(?P<plain>(?:[^"\\$%]++|\\.|\$\$\{|%%\{|[$%](?!\{))+)|(?P<enter>[$%]\{~?)|(?P<end>")|(?P<bad>.)', re.DOTALL
)
_HEREDOC = re.compile(r"(?P<enter>[$%]\{~?)|(?P<newline>\n)|(?P<plain>(?:[^\n$%]++|\$\$\{|%%\{|[$%](?!\{))+)")
_STEP = re.compile(rf"\.(?:({_IDENTIFIER})|\*|\d+)")
# An index that does not change which thing is meant.
_INDEX = re.compile(r'\[\s*(?:\*|\d+|each\.(?:key|value)|count\.index|"[^"\\${}%]*")\s*\]')

_BRACKET = re.compile(r"[ \t]*+\(")


@dataclass(frozen=True)
class Reference:
    """`parts` are the names of a traversal, without indexes; `line` counts from 0 within the expression.

    `indexed` says that a number stands in brackets right after the first names: it fails where there is no such
    thing.
    """

    parts: tuple[str, ...]
    line: int
    indexed: bool = False


@dataclass(frozen=True)
class Text:
    """A piece of literal text inside quotes or a heredoc, between templates."""

    text: str
    line: int


@dataclass(frozen=True)
class Expression:
    references: tuple[Reference, ...]
    texts: tuple[Text, ...]
    calls: frozenset[str]
    """The functions it calls."""


def read_expression(text: str) -> Expression:
    """Read it; text that is no expression gives whatever it seems to hold, and never an error."""
    return _Scanner(text).run()


def calls_in(text: str) -> tuple[tuple[str, int, int], ...]:
    """Every call in the order written: the function, where its arguments begin, and the line, counted from 0."""
    scanner = _Scanner(text)
    scanner.run()
    return tuple(scanner.called)


class _Scanner:
    """The stack holds what closes each level: a bracket, a quote, or a heredoc's marker after a newline."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 0
        self.stack: list[str] = []
        self.references: list[Reference] = []
        self.texts: list[Text] = []
        self.calls: set[str] = set()
        self.called: list[tuple[str, int, int]] = []

    def run(self) -> Expression:
        while self.position < len(self.text):
            mode = self.stack[-1] if self.stack else ""
            if mode == '"':
                self._quoted()
            elif mode.startswith("\n"):
                self._heredoc(mode[1:])
            else:
                self._code()
        return Expression(tuple(self.references), tuple(self.texts), frozenset(self.calls))

    def _take(self, match: re.Match[str]) -> None:
        self.position = match.end()
        self.line += match.group().count("\n")

    def _code(self) -> None:
        match = _CODE.match(self.text, self.position)
        assert match is not None, "the last alternative takes any character"
        if match.lastgroup == "word":
            self._word(match)
            return
        self._take(match)
        if match.group("quote"):
            self.stack.append('"')
        elif match.group("marker"):
            self.stack.append("\n" + match.group("marker"))
        elif match.group("open"):
            self.stack.append({"(": ")", "[": "]", "{": "}"}[match.group()])
        elif match.group("close") and self.stack and self.stack[-1] == match.group():
            self.stack.pop()

    def _word(self, match: re.Match[str]) -> None:
        """A name with all that follows by dots; before a bracket it is a call, before `=` or `:` in braces a key."""
        line = self.line
        self._take(match)
        before = self.text[max(match.start() - 1, 0) : match.start()]
        parts = [match.group()]
        indexed = False
        while True:
            if index := _INDEX.match(self.text, self.position):
                indexed = indexed or (index.group()[1:-1].strip().isdigit() and len(parts) <= 3)
                self._take(index)
            following = _CODE.match(self.text, self.position)
            if following is None or following.lastgroup != "dot":
                break
            name = _STEP.match(self.text, self.position)
            if name is None:
                break
            self._take(name)
            if name.group(1):
                parts.append(name.group(1))
        if len(parts) == 1 and (bracket := _BRACKET.match(self.text, self.position)):
            self.called.append((parts[0], bracket.end(), line))
        if self.text.startswith("(", self.position) and len(parts) == 1:
            self.calls.add(parts[0])
        elif len(parts) > 1 and before != ".":
            self.references.append(Reference(tuple(parts), line, indexed))

    def _quoted(self) -> None:
        match = _QUOTED.match(self.text, self.position)
        assert match is not None
        line = self.line
        self._take(match)
        if match.lastgroup == "plain":
            self.texts.append(Text(match.group(), line))
        elif match.lastgroup == "enter":
            self.stack.append("}")
        elif match.lastgroup == "end":
            self.stack.pop()

    def _heredoc(self, marker: str) -> None:
        if self.text[self.position - 1] == "\n":
            end = self.text.find("\n", self.position)
            line = self.text[self.position : end if end >= 0 else len(self.text)]
            if line.strip(" \t\r\v\f") == marker:
                self.position += len(line)
                self.stack.pop()
                return
        match = _HEREDOC.match(self.text, self.position)
        assert match is not None
        line_number = self.line
        self._take(match)
        if match.lastgroup == "plain":
            self.texts.append(Text(match.group(), line_number))
        elif match.lastgroup == "enter":
            self.stack.append("}")


def names_in(text: str, root: str) -> Iterator[str]:
    """The second names of all traversals that begin with a root: `var` gives the names of variables."""
    for reference in read_expression(text).references:
        if reference.parts[0] == root:
            yield reference.parts[1]
