"""Parses one GraphQL document into selections: operations, fields, aliases, arguments, variables, inline fragments.

It knows syntax only and refuses what it does not need: directives, subscriptions, block strings in odd places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(
    r'\s*(?:,|#[^\n]*|(?P<block>"""(?:[^"]|"(?!""))*""")|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<spread>\.\.\.)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$():=@\[\]{}|&]))"
)


class DocumentError(Exception):
    """The document is no GraphQL that this parser reads; the text says where it stopped."""


@dataclass(frozen=True)
class Field:
    """`on` is the type of the inline fragment around it, if any."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    selection: tuple[Field, ...]
    on: str | None = None


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str | None
    selection: tuple[Field, ...]


def parse(text: str, variables: Mapping[str, Any], operation_name: str | None = None) -> Operation:
    """The one operation to run, its variables filled in."""
    parser = _Parser(_tokens(text), variables)
    operations = parser.document()
    if operation_name is not None:
        operations = [one for one in operations if one.name == operation_name]
    if len(operations) != 1:
        raise DocumentError("expected exactly one operation to run")
    return operations[0]


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise DocumentError(f"unexpected text at {text[position : position + 20]!r}")
        position = match.end()
        if match.lastgroup:
            found.append((match.lastgroup, match[match.lastgroup]))
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, Any]) -> None:
        self.tokens = tokens
        self.position = 0
        self.given = variables
        self.variables: dict[str, Any] = {}

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        text = self.peek()
        if not text or (wanted is not None and text != wanted):
            raise DocumentError(f"expected {wanted or 'more'}, found {text or 'the end'}")
        self.position += 1
        return text

    def skip(self, wanted: str) -> bool:
        if self.peek() == wanted:
            self.position += 1
            return True
        return False

    def name(self) -> str:
        kind, text = self.tokens[self.position] if self.position < len(self.tokens) else ("", "the end")
        if kind != "name":
            raise DocumentError(f"expected a name, found {text}")
        self.position += 1
        return text

    def document(self) -> list[Operation]:
        found = []
        while self.position < len(self.tokens):
            if self.peek() == "{":
                found.append(Operation("query", None, self.selection()))
                continue
            kind = self.name()
            if kind not in ("query", "mutation"):
                raise DocumentError(f"{kind} is not simulated")
            name = self.name() if self.peek() not in ("(", "{") else None
            if self.skip("("):
                while not self.skip(")"):
                    self.variable()
            found.append(Operation(kind, name, self.selection()))
        return found

    def variable(self) -> None:
        self.take("$")
        name = self.name()
        self.take(":")
        required = self.type()
        default = self.value() if self.skip("=") else None
        if required and self.given.get(name) is None:
            raise DocumentError(f"Variable ${name} of a required type was not provided")
        self.variables[name] = self.given.get(name, default)

    def type(self) -> bool:
        if self.skip("["):
            self.type()
            self.take("]")
        else:
            self.name()
        return self.skip("!")

    def selection(self, on: str | None = None) -> tuple[Field, ...]:
        self.take("{")
        found: list[Field] = []
        while not self.skip("}"):
            if self.skip("..."):
                if not self.skip("on"):
                    raise DocumentError("named fragments are not simulated")
                found.extend(self.selection(self.name()))
            else:
                found.append(self.field(on))
        return tuple(found)

    def field(self, on: str | None) -> Field:
        alias = name = self.name()
        if self.skip(":"):
            name = self.name()
        arguments: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                argument = self.name()
                self.take(":")
                arguments[argument] = self.value()
        if self.peek() == "@":
            raise DocumentError("directives are not simulated")
        return Field(name, alias, arguments, self.selection() if self.peek() == "{" else (), on)

    def value(self) -> Any:
        kind, text = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        self.take()
        if text == "$":
            name = self.name()
            if name not in self.variables:
                raise DocumentError(f"Variable ${name} is not defined")
            return self.variables[name]
        if text == "[":
            return self.items()
        if text == "{":
            return self.pairs()
        if kind == "block":
            return text[3:-3]
        if kind in ("string", "number"):
            return json.loads(text)
        if kind == "name":
            return {"true": True, "false": False, "null": None}.get(text, text)
        raise DocumentError(f"unexpected {text or 'end'}")

    def items(self) -> list[Any]:
        found = []
        while not self.skip("]"):
            found.append(self.value())
        return found

    def pairs(self) -> dict[str, Any]:
        found = {}
        while not self.skip("}"):
            key = self.name()
            self.take(":")
            found[key] = self.value()
        return found
