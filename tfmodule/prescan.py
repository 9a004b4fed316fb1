"""A linear look at HCL text before any parser may see it: how deep, how many tokens, and which lines open a block.

It follows HCL's own scanner (strings, heredocs, templates) with a stack of its own instead of recursion. Text that goes
over a cap is refused here, because Terraform itself dies of it (200,000 open brackets) and takes a gigabyte with it.
"""

import re
from dataclasses import dataclass, field

MAX_NESTING = 100
"""Brackets, templates and operators inside one another. People write fewer than twenty."""
MAX_TOKENS = 50_000
"""Some four thousand lines. Recovery from errors costs the parser the square of it."""
MAX_BYTES = 1 << 20
MAX_BLANKS = 200
"""Blanks and line ends in a row. The parser looks at all of them again for each; people write fewer than forty."""


@dataclass
class Prescan:
    """What the look found. `problem` is set when the text is refused; `line` is where."""

    tokens: int = 0
    nesting: int = 0
    problem: str | None = None
    line: int = 1
    openers: set[tuple[str, int]] = field(default_factory=set)
    """(identifier, line) of everything that Terraform could read as the head of a block."""


# Every repetition over hostile text is possessive (`*+`): no backtracking, so the time stays linear.
_IDENTIFIER = r"[^\W\d][\w-]*+"
_CODE = re.compile(
    rf"""(?P<newline>\n)
    |(?P<blank>[ \t\r]+)
    |(?P<comment>\#[^\n]*|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z))
    |(?P<quote>")
    |(?P<heredoc><<-?(?P<marker>{_IDENTIFIER})\r?\n)
    |(?P<open>[\[({{])
    |(?P<close>[\])}}])
    |(?P<unary>[!?:-])
    |(?P<word>{_IDENTIFIER}|\d[\w.]*)
    |(?P<other>.)""",
    re.VERBOSE,
)
# Inside a quoted string and inside a heredoc only these mean anything; the rest is skipped in one step.
_QUOTED = re.compile(
    r'(?P<plain>(?:[^"\\\n$%]++|\\[^\n]|\$\$\{|%%\{|[$%](?!\{))+)|(?P<enter>[$%]\{~?)|(?P<end>")|(?P<bad>.|\n)'
)
_HEREDOC = re.compile(r"(?P<enter>[$%]\{~?)|(?P<newline>\n)|(?P<plain>(?:[^\n$%]++|\$\$\{|%%\{|[$%](?!\{))+)")
_BLOCK_HEAD = re.compile(rf'{_IDENTIFIER}(?:[ \t]*+(?:"(?:[^"\\\n]|\\.)*+"|{_IDENTIFIER}))*+[ \t]*+\{{')

_CODE_MODE, _QUOTED_MODE = "code", "quoted"
_DIRECTIVES = {"if": 1, "for": 1, "endif": -1, "endfor": -1}


def prescan(text: str) -> Prescan:
    """Look at a whole file; stops at the first thing that refuses it."""
    return _Scanner(text).run()


class _Scanner:
    """The stack holds what closes each level: a bracket, `quoted`, or a heredoc's marker after a newline."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Prescan()
        self.stack: list[str] = []
        self.opened: list[int] = []
        self.operators = [0]
        self.position = 0
        self.line_start = True
        self.in_directive = False
        self.directives = 0
        self.blanks = 0

    def run(self) -> Prescan:
        found = self.found
        if len(self.text) > MAX_BYTES:
            found.problem = f"the file is longer than {MAX_BYTES} characters"
            return found
        while self.position < len(self.text) and found.problem is None:
            found.tokens += 1
            mode = self.stack[-1] if self.stack else _CODE_MODE
            if mode == _QUOTED_MODE:
                self._quoted()
            elif mode.startswith("\n"):
                self._heredoc(mode[1:])
            else:
                self._code()
            if found.tokens > MAX_TOKENS:
                found.problem = f"the file has more than {MAX_TOKENS} tokens"
        if found.problem is None and self.stack:
            found.problem = "a bracket, string or heredoc is never closed"
            found.line = self.opened[-1]
        return found

    def _push(self, closer: str) -> None:
        self.stack.append(closer)
        self.opened.append(self.found.line)
        self.operators.append(0)
        self._measure()

    def _pop(self) -> None:
        self.stack.pop()
        self.opened.pop()
        self.operators.pop()

    def _measure(self) -> None:
        # A run of `!`, `-` or `?:` nests in Terraform's parser just as brackets do, and so do `%{ if }` and `%{ for }`.
        depth = len(self.stack) + self.operators[-1] + self.directives
        self.found.nesting = max(self.found.nesting, depth)
        if depth > MAX_NESTING:
            self.found.problem = f"brackets, templates or operators are nested deeper than {MAX_NESTING}"

    def _take(self, match: re.Match[str]) -> None:
        self.position = match.end()
        self.found.line += match.group().count("\n")

    def _code(self) -> None:
        match = _CODE.match(self.text, self.position)
        assert match is not None, "the last alternative takes any character"
        kind, started = match.lastgroup, self.line_start
        if match.group("heredoc"):
            kind = "heredoc"
        if kind == "word" and started:
            head = _BLOCK_HEAD.match(self.text, self.position)
            if head is not None:
                self.found.openers.add((match.group(), self.found.line))
        self._take(match)
        self.blanks = self.blanks + len(match.group()) if kind in ("newline", "blank") else 0
        if self.blanks > MAX_BLANKS:
            self.found.problem = f"there are more than {MAX_BLANKS} blanks and line ends in a row"
        if kind == "newline":
            self.line_start = True
            if not self.stack or self.stack[-1] == "}":
                self.operators[-1] = 0
        elif kind not in ("blank", "comment"):
            self.line_start = False
            self._code_token(kind or "", match)

    def _code_token(self, kind: str, match: re.Match[str]) -> None:
        if self.in_directive:
            self.in_directive = False
            self.directives += _DIRECTIVES.get(match.group(), 0)
            self._measure()
        if kind == "quote":
            self._push(_QUOTED_MODE)
        elif kind == "heredoc":
            self._push("\n" + match.group("marker"))
        elif kind == "open":
            self._push({"(": ")", "[": "]", "{": "}"}[match.group()])
            self.line_start = match.group() == "{"
        elif kind == "close":
            if not self.stack or self.stack[-1] != match.group():
                self.found.problem = f"`{match.group()}` closes nothing"
            else:
                self._pop()
        elif kind == "unary":
            self.operators[-1] += 1
            self._measure()
        elif match.group() == ",":
            self.operators[-1] = 0

    def _quoted(self) -> None:
        match = _QUOTED.match(self.text, self.position)
        assert match is not None
        self._take(match)
        if match.lastgroup == "enter":
            self._enter(match)
        elif match.lastgroup == "end":
            self._pop()
        elif match.lastgroup == "bad":
            self.found.problem = "a quoted string does not end on its line"

    def _heredoc(self, marker: str) -> None:
        # Terraform ends a heredoc at the first line that is nothing but the marker and blanks.
        at_line_start = self.text[self.position - 1] == "\n"
        if at_line_start:
            end = self.text.find("\n", self.position)
            line = self.text[self.position : end if end >= 0 else len(self.text)]
            if line.strip(" \t\r\v\f") == marker:
                self.position += len(line)
                self._pop()
                return
        match = _HEREDOC.match(self.text, self.position)
        assert match is not None
        self._take(match)
        if match.lastgroup == "enter":
            self._enter(match)

    def _enter(self, match: re.Match[str]) -> None:
        self._push("}")
        self.in_directive = match.group().startswith("%")
