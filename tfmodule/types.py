"""Type constraints as Terraform writes them, read into values, and whether one takes all that another took.

Source: Terraform's "Type Constraints" and "Types and Values: conversion". Defaults inside `optional` are not compared:
what changes behaviour without refusing anything is the business of a plan.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(r'[ \t\r\n]+|(?:#|//)[^\n]*|/\*.*?\*/|([A-Za-z_][\w-]*|"[^"\n]*"|[(){}\[\],=:])', re.DOTALL)
_DEEPEST = 64
_PRIMITIVE = frozenset({"string", "number", "bool"})
_COLLECTIONS = frozenset({"list", "set", "map"})


@dataclass(frozen=True)
class Attribute:
    type: "Type"
    optional: bool = False


@dataclass(frozen=True)
class Type:
    """`kind` is any, a primitive, list, set, map, tuple or object; `of` are the elements, `attributes` an object's."""

    kind: str
    of: tuple["Type", ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


ANY = Type("any")


def parse_type(text: str) -> Type | None:
    """The type that the expression writes; None for what is no type, or one nested deeper than anybody needs."""
    reader = _Reader(text)
    try:
        found = reader.type(0)
    except _NoTypeError:
        return None
    return found if reader.at_end else None


def takes_all(new: Type, old: Type) -> bool:
    """Whether every value that was right for `old` is right for `new`, and nothing of it is dropped on the way."""
    if new.kind == "any":
        return True
    if old.kind in _PRIMITIVE or new.kind in _PRIMITIVE:
        # A number or a bool becomes a string by itself; a string becomes one of them only if it looks like one.
        return old.kind == new.kind or (new.kind == "string" and old.kind in _PRIMITIVE)
    if new.kind == "object":
        return old.kind == "object" and _object_takes(new, old)
    if new.kind == "tuple":
        return old.kind == "tuple" and _pairwise(new.of, old.of)
    return new.kind in _COLLECTIONS and _collection_takes(new, old)


def _collection_takes(new: Type, old: Type) -> bool:
    (element,) = new.of
    if new.kind == "map":
        held = [one.type for one in old.attributes.values()] if old.kind == "object" else list(old.of)
        return old.kind in ("map", "object") and all(takes_all(element, one) for one in held)
    return old.kind in ("list", "set", "tuple") and all(takes_all(element, one) for one in old.of)


def _object_takes(new: Type, old: Type) -> bool:
    for name, before in old.attributes.items():
        after = new.attributes.get(name)
        # An attribute that is not known any more is dropped without a word.
        if after is None or not takes_all(after.type, before.type) or (before.optional and not after.optional):
            return False
    return all(after.optional for name, after in new.attributes.items() if name not in old.attributes)


def _pairwise(new: tuple[Type, ...], old: tuple[Type, ...]) -> bool:
    return len(new) == len(old) and all(takes_all(one, other) for one, other in zip(new, old, strict=True))


class _NoTypeError(Exception):
    pass


class _Reader:
    """Recursive descent over the tokens; what stands inside a default is skipped by counting brackets."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            # Whatever else stands there can only be part of a default's value.
            at = match.end() if match else at + 1
            token = match.group(1) if match else "?"
            if token:
                self._tokens.append(token)
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def type(self, depth: int) -> Type:
        word = self._next()
        if depth > _DEEPEST:
            raise _NoTypeError
        if word == "any" or word in _PRIMITIVE:
            return Type(word)
        if word in _COLLECTIONS:
            return Type(word, of=(self._in_brackets(depth),))
        if word == "tuple":
            return Type(word, of=self._tuple(depth))
        if word == "object":
            return Type(word, attributes=self._object(depth))
        raise _NoTypeError

    def _in_brackets(self, depth: int) -> Type:
        self._expect("(")
        found = self.type(depth + 1)
        self._expect(")")
        return found

    def _tuple(self, depth: int) -> tuple[Type, ...]:
        self._expect("(", "[")
        found = []
        while not self._take("]"):
            found.append(self.type(depth + 1))
            self._take(",")
        self._expect(")")
        return tuple(found)

    def _object(self, depth: int) -> dict[str, Attribute]:
        self._expect("(", "{")
        found = {}
        while not self._take("}"):
            name = self._next().strip('"')
            if not self._take("="):
                self._expect(":")
            found[name] = self._attribute(depth)
            self._take(",")
        self._expect(")")
        return found

    def _attribute(self, depth: int) -> Attribute:
        if not self._take("optional"):
            return Attribute(self.type(depth + 1))
        self._expect("(")
        found = self.type(depth + 1)
        if self._take(","):
            self._skip_default()
        self._expect(")")
        return Attribute(found, optional=True)

    def _skip_default(self) -> None:
        """Up to the bracket that closes `optional`."""
        open_brackets = 0
        while not (open_brackets == 0 and self._peek() == ")"):
            word = self._next()
            open_brackets += (word in "([{") - (word in ")]}")

    def _peek(self) -> str:
        return self._tokens[self._at] if not self.at_end else ""

    def _next(self) -> str:
        if self.at_end:
            raise _NoTypeError
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if self._next() != token:
                raise _NoTypeError
