"""The JSON text of an HCL expression that is a plain value: what a default is to whoever does not read HCL.

Evaluates nothing. An expression with an operator, a function, a reference or an interpolation has no JSON text here.
"""

import json
import re

_SPACE = re.compile(r"(?:\s|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_INLINE_SPACE = re.compile(r"(?:[^\S\n]|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"-?(\d+)(\.\d+)?([eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[^\W\d][\w-]*")
_STRING = re.compile(r'"((?:[^"\\\n]|\\[^\n])*)"')
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))')
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[^\S\n]*\r?\n")
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST = 50
_LONGEST = 200_000


class _NotPlainError(Exception):
    """Something here is more than a value."""


def json_text(expression: str) -> str | None:
    """The value as compact JSON with sorted keys; None where the expression is no plain value."""
    if len(expression) > _LONGEST:
        return None
    reader = _Reader(expression)
    try:
        value = reader.value(0)
        reader.skip(_SPACE)
    except _NotPlainError:
        return None
    return value if reader.place == len(expression) else None


class _Reader:
    """Walks through the text once, from value to value, and writes JSON as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.place)
        if match is None:
            return ""
        self.place = match.end()
        return match.group()

    def value(self, depth: int) -> str:
        self.skip(_SPACE)
        if depth > _DEEPEST:
            raise _NotPlainError
        match self.text[self.place : self.place + 1]:
            case '"':
                return _dumped(self._string())
            case "[":
                return self._list(depth)
            case "{":
                return self._object(depth)
            case "<":
                return _dumped(self._heredoc())
        if number := _NUMBER.match(self.text, self.place):
            self.place = number.end()
            sign = "-" if number.group().startswith("-") else ""
            return f"{sign}{number.group(1).lstrip('0') or '0'}{number.group(2) or ''}{number.group(3) or ''}"
        if (word := self.skip(_WORD)) in ("true", "false", "null"):
            return word
        raise _NotPlainError

    def _take(self, character: str) -> bool:
        if self.text.startswith(character, self.place):
            self.place += len(character)
            return True
        return False

    def _list(self, depth: int) -> str:
        self._take("[")
        found: list[str] = []
        while True:
            self.skip(_SPACE)
            if self._take("]"):
                return f"[{','.join(found)}]"
            found.append(self.value(depth + 1))
            self.skip(_SPACE)
            if not self._take(",") and not self.text.startswith("]", self.place):
                raise _NotPlainError

    def _object(self, depth: int) -> str:
        self._take("{")
        found: dict[str, str] = {}
        while True:
            self.skip(_SPACE)
            if self._take("}"):
                return "{" + ",".join(f"{_dumped(name)}:{found[name]}" for name in sorted(found)) + "}"
            name = self._key()
            self.skip(_SPACE)
            if not self._take("=") and not self._take(":"):
                raise _NotPlainError
            found[name] = self.value(depth + 1)
            self._end_of_member()

    def _key(self) -> str:
        if self.text.startswith('"', self.place):
            return self._string()
        if number := _NUMBER.match(self.text, self.place):
            self.place = number.end()
            return number.group()
        name = self.skip(_WORD)
        if not name:
            raise _NotPlainError
        return name

    def _end_of_member(self) -> None:
        self.skip(_INLINE_SPACE)
        if self._take(",") or self.text[self.place : self.place + 1] in ("\n", "#", "}"):
            return
        if not self.text.startswith("//", self.place) and self.text[self.place - 1 : self.place] != "\n":
            raise _NotPlainError

    def _string(self) -> str:
        match = _STRING.match(self.text, self.place)
        if match is None:
            raise _NotPlainError
        self.place = match.end()
        return _ESCAPE.sub(_unescaped, _without_template(match.group(1)))

    def _heredoc(self) -> str:
        opening = _HEREDOC.match(self.text, self.place)
        if opening is None:
            raise _NotPlainError
        lines: list[str] = []
        rest = opening.end()
        while rest < len(self.text):
            end = self.text.find("\n", rest)
            line = self.text[rest:] if end < 0 else self.text[rest : end + 1]
            if line.strip() == opening.group(2):
                self.place = rest + len(line.rstrip("\r\n"))
                return _without_template(_unindented(lines) if opening.group(1) else "".join(lines))
            lines.append(line)
            rest += len(line)
        raise _NotPlainError


def _dumped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _without_template(text: str) -> str:
    if _TEMPLATE.search(text):
        raise _NotPlainError
    return text.replace("$${", "${").replace("%%{", "%{")


def _unescaped(match: re.Match[str]) -> str:
    if match.group(1):
        return _PLAIN[match.group(1)]
    point = int(match.group(2) or match.group(3), 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point < 0xE000 else "\ufffd"


def _unindented(lines: list[str]) -> str:
    depth = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return "".join(line[depth:] if line.strip() else line.lstrip(" \t") for line in lines)
