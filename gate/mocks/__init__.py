"""What mocked providers answer, so that a module's tests plan and apply without credentials: curated, by type.

A mock makes up eight random letters for everything that a provider would compute, and no validator takes them for an
ARN, JSON or an id. The data lies beside this file. What people changed is never written over.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from typing import Literal

from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.parts import is_beside

FOLDER = "tests/mocks"
_LIBRARIES = ("aws", "azurerm", "google")
_HEAD = "# Written by `terrasmith mocks` [{}]. Change anything: a changed file is not written over.\n\n"
_HEADED = re.compile(rb"# Written by `terrasmith mocks` \[([0-9a-f]{16})\]\.[^\n]*\n\n")
Kind = Literal["data", "resource"]


@dataclass(frozen=True)
class Mocks:
    """The mock files for a module: those to write, and those that people changed and that stay as they are."""

    files: Mapping[str, bytes]
    kept: tuple[str, ...]
    providers: tuple[str, ...]
    """Local names of the providers that have mock files."""


def mocks_for(files: FileMap) -> Mapping[str, bytes]:
    """Path → content of the mock files that are missing or not up to date; those that people changed are left out."""
    return mocks_of(files).files


def mocks_of(files: FileMap) -> Mocks:
    """Defaults for exactly the types that the module uses, one folder for each provider. Never raises for content."""
    used = set(_used(files))
    new: dict[str, bytes] = {}
    kept: list[str] = []
    providers: list[str] = []
    for name in _LIBRARIES:
        known = library(name)
        wanted = sorted((kind, of) for kind, of in used if of in known[kind])
        if not wanted:
            continue
        providers.append(name)
        path = f"{FOLDER}/{name}/defaults.tfmock.hcl"
        content = _file([(kind, of, known[kind][of]) for kind, of in wanted])
        if path in files and not is_ours(files[path]):
            kept.append(path)
        elif files.get(path) != content:
            new[path] = content
    return Mocks(new, tuple(kept), tuple(providers))


def is_ours(content: bytes) -> bool:
    """Whether a mock file is byte for byte what some version of Terrasmith wrote."""
    head = _HEADED.match(content)
    return head is not None and head.group(1).decode() == _digest(content[head.end() :])


@cache
def library(name: str) -> Mapping[Kind, Mapping[str, Mapping[str, object]]]:
    """All defaults of one provider: kind → type → attribute → value."""
    held: Mapping[Kind, Mapping[str, Mapping[str, object]]] = json.loads(
        (resources("gate.mocks") / f"{name}.json").read_text(encoding="utf-8")
    )
    return held


def _used(files: FileMap) -> Iterator[tuple[Kind, str]]:
    for path, data in files.items():
        if path.endswith(".tf") and not is_beside(path):
            for block in parse(path, data).walk():
                if len(block.labels) == 2 and block.kind == "data":
                    yield "data", block.labels[0]
                elif len(block.labels) == 2 and block.kind == "resource":
                    yield "resource", block.labels[0]


def _file(wanted: list[tuple[Kind, str, Mapping[str, object]]]) -> bytes:
    body = "\n".join(_block(kind, of, defaults) for kind, of, defaults in wanted).encode()
    return _HEAD.format(_digest(body)).encode() + body


def _block(kind: Kind, of: str, defaults: Mapping[str, object]) -> str:
    width = max(len(name) for name in defaults)
    lines = "".join(f"    {name.ljust(width)} = {_value(value)}\n" for name, value in sorted(defaults.items()))
    return f'mock_{kind} "{of}" {{\n  defaults = {{\n{lines}  }}\n}}\n'


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
