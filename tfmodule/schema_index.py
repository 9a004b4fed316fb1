"""What providers' types accept, as a compact text: one line for each argument, read type by type when one is asked
for.

Pure: made from what `providers schema -json` says, or from the text that `to_bytes` kept. Knows no engine and no
file.
"""

import difflib
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

FORMAT = "terrasmith-schema 1"
_MOST_LINES = 3_000
"""Of one type. What lies deeper is not described, and then accepts anything."""
_SHALLOW = 4
_HEAD = re.compile(r"^(resource|data|ephemeral) (\S+)(?: (d))?$", re.MULTILINE)
_FLAGS = (
    ("required", "r"),
    ("optional", "o"),
    ("computed", "c"),
    ("sensitive", "s"),
    ("deprecated", "d"),
    ("write_only", "w"),
)


@dataclass(frozen=True)
class Argument:
    """One argument or attribute of a type. `type` is as one writes it in HCL."""

    name: str
    type: str
    flags: str = ""

    @property
    def required(self) -> bool:
        return "r" in self.flags

    @property
    def settable(self) -> bool:
        """Whether a configuration may give it; else only the provider does."""
        return "r" in self.flags or "o" in self.flags

    @property
    def sensitive(self) -> bool:
        return "s" in self.flags

    @property
    def deprecated(self) -> bool:
        return "d" in self.flags

    @property
    def write_only(self) -> bool:
        return "w" in self.flags


@dataclass(frozen=True)
class Body:
    """What stands in a block: arguments, and blocks. `open` where nobody described what is allowed."""

    attributes: Mapping[str, Argument] = field(default_factory=dict)
    blocks: Mapping[str, "Body"] = field(default_factory=dict)
    deprecated: bool = False
    open: bool = False

    def nearest(self, name: str) -> str | None:
        """The legal name that was probably meant."""
        return nearest(name, [*(n for n, one in self.attributes.items() if one.settable), *self.blocks])


@dataclass(frozen=True)
class ProviderSchema:
    """The types of one provider at one version."""

    source: str
    version: str
    text: str

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], tuple[int, int, str]]:
        heads = list(_HEAD.finditer(self.text))
        ends = [head.start() for head in heads[1:]] + [len(self.text)]
        return {(h[1], h[2]): (h.end(), end, h[3] or "") for h, end in zip(heads, ends, strict=True)}

    def find(self, kind: str, name: str) -> Body | None:
        """A type's body; None where the provider has none of that name."""
        place = self._places.get((kind, name))
        return _read(self.text[place[0] : place[1]], place[2]) if place is not None else None

    def names(self, kind: str) -> tuple[str, ...]:
        return tuple(name for one, name in self._places if one == kind)

    def to_bytes(self) -> bytes:
        """For keeping; `from_bytes` is its inverse."""
        head = f"{FORMAT}\n{self.source} {self.version}\n"
        return zlib.compress((head + self.text).encode(), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ProviderSchema":
        """Raises ValueError for anything that `to_bytes` did not write."""
        try:
            first, second, text = zlib.decompress(data).decode().split("\n", 2)
            source, version = second.split(" ")
        except (zlib.error, UnicodeDecodeError, ValueError):
            raise ValueError("this is no schema that was kept here") from None
        if first != FORMAT:
            raise ValueError("this schema was kept in another form")
        return cls(source, version, text)


@dataclass(frozen=True)
class Schemas:
    """The schemas of all providers that a module uses."""

    providers: tuple[ProviderSchema, ...] = ()

    def find(self, kind: str, name: str) -> Body | None:
        """A type's body in whichever provider has it."""
        return next((body for one in self.providers if (body := one.find(kind, name)) is not None), None)

    def knows(self, name: str) -> bool:
        """Whether a type of this name would be of a provider that is described here."""
        prefix = name.split("_", 1)[0]
        return any(one.source.rsplit("/", 1)[-1] == prefix for one in self.providers)

    def nearest(self, kind: str, name: str) -> str | None:
        """The type that was probably meant."""
        prefix = name.split("_", 1)[0]
        known = [one for provider in self.providers for one in provider.names(kind) if one.startswith(f"{prefix}_")]
        return nearest(name, known)


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that is most like this one, if any is like it at all."""
    found = difflib.get_close_matches(name[:100], known, 1, 0.75)
    return found[0] if found else None


def index(source: str, version: str, described: Mapping[str, Any]) -> ProviderSchema:
    """One provider out of the `provider_schemas` of `providers schema -json`. Raises ValueError for another form."""
    sections: list[str] = []
    try:
        for kind, key in (
            ("resource", "resource_schemas"),
            ("data", "data_source_schemas"),
            ("ephemeral", "ephemeral_resource_schemas"),
        ):
            for name, one in sorted(described.get(key, {}).items()):
                block = one["block"]
                lines = list(_lines(block, 1, 30))
                if len(lines) > _MOST_LINES:
                    lines = list(_lines(block, 1, _SHALLOW))
                sections.append("\n".join([f"{kind} {name}{' d' if block.get('deprecated') else ''}", *lines]))
    except (KeyError, TypeError, AttributeError):
        raise ValueError("this is not what `providers schema -json` prints") from None
    return ProviderSchema(source, version, "\n".join(sections) + "\n")


def _lines(block: Mapping[str, Any], depth: int, deepest: int) -> Iterator[str]:
    indent = " " * depth
    for name, one in sorted(block.get("attributes", {}).items()):
        flags = "".join(letter for key, letter in _FLAGS if one.get(key))
        yield f"{indent}{name} {flags or '-'} {_type(one)}"
    for name, one in sorted(block.get("block_types", {}).items()):
        inner = one.get("block", {})
        mark = "{" if depth < deepest else "{*"
        yield f"{indent}{name} {mark}{'d' if inner.get('deprecated') else ''}"
        if depth < deepest:
            yield from _lines(inner, depth + 1, deepest)


def _type(attribute: Mapping[str, Any]) -> str:
    if "nested_type" in attribute:
        mode = attribute["nested_type"].get("nesting_mode", "single")
        return "object" if mode == "single" else f"{mode}(object)"
    return _written(attribute.get("type", "dynamic"), 0)


def _written(kind: Any, depth: int) -> str:
    if isinstance(kind, str):
        return "any" if kind == "dynamic" else kind
    if depth > 5:
        return "any"
    if kind[0] == "object":
        members = ", ".join(f"{name} = {_written(one, depth + 1)}" for name, one in sorted(kind[1].items()))
        return f"object({{{members}}})"
    if kind[0] == "tuple":
        return f"tuple([{', '.join(_written(one, depth + 1) for one in kind[1])}])"
    return f"{kind[0]}({_written(kind[1], depth + 1)})"


@lru_cache(maxsize=2_000)
def _read(text: str, mark: str) -> Body:
    """The lines of one type as a tree; they come in the order of a depth-first walk."""
    stack: list[tuple[dict[str, Argument], dict[str, Body]]] = [({}, {})]
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(" "))
        if not depth:
            continue
        del stack[depth:]
        name, flags, *rest = line.strip().split(" ", 2)
        attributes, blocks = stack[-1]
        if flags.startswith("{"):
            inner: tuple[dict[str, Argument], dict[str, Body]] = ({}, {})
            blocks[name] = Body(*inner, deprecated="d" in flags, open="*" in flags)
            stack.append(inner)
        else:
            attributes[name] = Argument(name, rest[0] if rest else "any", flags)
    return Body(*stack[0], deprecated=mark == "d")
