"""All that a module holds for its users: the root, its submodules and its examples, each with its interface.

Read from the files alone, so the same archive always has the same contents. It judges nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfmodule.conditions import with_locals
from tfmodule.facts import ModuleFacts
from tfmodule.files import FileMap
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface, locals_of

SUBMODULES, EXAMPLES = "modules", "examples"
"""Where Terraform's standard module structure has them."""

README_LIMIT = 200_000
"""Characters of a README that are kept."""


@dataclass(frozen=True)
class DeclaredResource:
    """`mode` is `managed` for a resource block and `data` for a data block."""

    mode: str
    type: str
    name: str
    key: str | None = None
    """`count`, `for_each`, or empty: what tells its instances apart. None where an earlier release did not look."""
    most: int | None = None
    """The most instances that a `count` asks for, where that is written."""


@dataclass(frozen=True)
class Call:
    """A module block. `source` is the plain string, or the expression as written; `version` a constraint or empty."""

    name: str
    source: str
    version: str
    path: str
    line: int
    key: str | None = None
    """As with a resource."""
    most: int | None = None


@dataclass(frozen=True)
class Move:
    """A `moved` block: both addresses as written, inside the module."""

    before: str
    after: str


@dataclass(frozen=True)
class Demand:
    """A `precondition` and the block it stands in; the condition has its locals in place."""

    where: str
    condition: str


@dataclass(frozen=True)
class Part:
    """One directory that Terraform can use as a module. `path` is relative to the archive, empty for the root."""

    path: str
    readme: str
    interface: Interface
    resources: tuple[DeclaredResource, ...] = ()
    calls: tuple[Call, ...] = ()
    moves: tuple[Move, ...] = ()
    demands: tuple[Demand, ...] | None = None
    """Preconditions; None where an earlier release did not look."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Contents:
    root: Part
    submodules: tuple[Part, ...] = ()
    examples: tuple[Part, ...] = ()

    @classmethod
    def from_files(cls, files: FileMap) -> "Contents":
        """What these files hold; never raises for what is in them. Parts are sorted by path."""
        return cls(
            root=_part(files, ""),
            submodules=tuple(_part(files, path) for path in _directories(files, SUBMODULES)),
            # What lies inside an example serves that example alone.
            examples=tuple(_part(files, path) for path in _outermost(_directories(files, EXAMPLES))),
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything, the root first."""
        return (self.root, *self.submodules, *self.examples)

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold; `from_dict` is its inverse."""
        return {
            "root": _part_to_dict(self.root),
            "submodules": [_part_to_dict(part) for part in self.submodules],
            "examples": [_part_to_dict(part) for part in self.examples],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Contents":
        return cls(
            root=_part_from_dict(values["root"]),
            submodules=tuple(_part_from_dict(part) for part in values["submodules"]),
            examples=tuple(_part_from_dict(part) for part in values["examples"]),
        )


EMPTY = Contents(Part("", "", Interface(), demands=()))
"""Of a module that declares nothing."""


def _part(files: FileMap, path: str) -> Part:
    facts = read_facts(files, path)
    keys, most = _keys(facts), _most(facts)
    return Part(
        path=path,
        readme=_readme(files, path),
        interface=Interface.from_facts(facts),
        resources=tuple(sorted(_resources(facts, keys, most), key=lambda one: (one.mode, one.type, one.name))),
        calls=tuple(
            Call(
                call.name,
                call.source or call.source_text or "",
                call.version or "",
                call.path,
                call.line,
                keys.get(("module", call.name), ""),
                most.get(("module", call.name)),
            )
            for call in facts.module_calls
        ),
        moves=tuple(
            Move(before, after)
            for block in facts.blocks
            if block.kind == "moved" and (before := block.text("from")) and (after := block.text("to"))
        ),
        demands=_demands(facts),
    )


def _keys(facts: ModuleFacts) -> dict[tuple[str, ...], str]:
    """What tells the instances of a block apart, by kind and labels."""
    return {
        (block.kind, *block.labels): key
        for block in facts.blocks
        for key in ("count", "for_each")
        if key in block.attributes
    }


def _most(facts: ModuleFacts) -> dict[tuple[str, ...], int]:
    found = {(one.kind, *one.labels): _limit(one.text("count") or "") for one in facts.blocks}
    return {name: most for name, most in found.items() if most is not None}


def _limit(count: str) -> int | None:
    if match := re.fullmatch(r"\s*(\d{1,4})\s*|[^?]*\?\s*(\d{1,4})\s*:\s*(\d{1,4})\s*", count):
        return max(int(one) for one in match.groups() if one)
    return None


def _demands(facts: ModuleFacts) -> tuple[Demand, ...]:
    known = locals_of(facts)
    return tuple(
        Demand(".".join((block.kind, *block.labels)), with_locals(inner.text("condition") or "", known))
        for block in facts.blocks
        for inner in block.walk()
        if inner.kind == "precondition"
    )


def _resources(
    facts: ModuleFacts, keys: Mapping[tuple[str, ...], str], most: Mapping[tuple[str, ...], int]
) -> Iterator[DeclaredResource]:
    for resource in facts.resources:
        key = keys.get(("resource", resource.type, resource.name), "")
        yield DeclaredResource(
            "managed", resource.type, resource.name, key, most.get(("resource", resource.type, resource.name))
        )
    for source in facts.data_sources:
        yield DeclaredResource("data", source.type, source.name, keys.get(("data", source.type, source.name), ""))


def _readme(files: FileMap, path: str) -> str:
    wanted = f"{path}/readme.md" if path else "readme.md"
    found = next((name for name in sorted(files) if name.casefold() == wanted.casefold()), None)
    text = files[found].decode("utf-8", "replace") if found else ""
    return text.replace("\x00", "\ufffd")[:README_LIMIT]  # Postgres keeps no NUL in a text


def _directories(files: FileMap, below: str) -> tuple[str, ...]:
    """Every directory below this one that holds a `.tf` file."""
    found = {name.rpartition("/")[0] for name in files if name.endswith(".tf") and name.startswith(f"{below}/")}
    return tuple(sorted(found - {below}))


def _outermost(paths: tuple[str, ...]) -> Iterator[str]:
    last = None
    for path in paths:
        if last is None or not path.startswith(f"{last}/"):
            yield path
            last = path


def _part_to_dict(part: Part) -> dict[str, Any]:
    return {
        "path": part.path,
        "readme": part.readme,
        "interface": part.interface.to_dict(),
        "resources": [asdict(one) for one in part.resources],
        "calls": [asdict(one) for one in part.calls],
        "moves": [asdict(one) for one in part.moves],
        "demands": None if part.demands is None else [asdict(one) for one in part.demands],
    }


def _part_from_dict(values: Mapping[str, Any]) -> Part:
    return Part(
        path=values["path"],
        readme=values["readme"],
        interface=Interface.from_dict(values["interface"]),
        resources=tuple(DeclaredResource(**one) for one in values["resources"]),
        calls=tuple(Call(**one) for one in values["calls"]),
        moves=tuple(Move(**one) for one in values.get("moves", ())),  # contents of earlier releases hold none
        demands=None if values.get("demands") is None else tuple(Demand(**one) for one in values["demands"]),
    )
