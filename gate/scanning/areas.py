"""Which parts of a module a scanner sees, and where what it says belongs: the module, its examples, what it calls.

A scanner gets Terraform code and nothing else: no configuration, baseline or rule of the module's own can reach it.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gate.modules import KnownModule, Modules
from tfmodule.facts import Block, ParsedFile, Span
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.parts import is_beside, own_parts
from tfmodule.sources import read_source, within

_VARIABLE = re.compile(r"var\.([\w-]+)")
_READ = re.compile(r"var\.([\w-]+)")
# `try(each.value.a, var.defaults.a, true)`, in one line, and at its end a value that needs nothing else.
_TRIED = re.compile(
    r"try\(\s*each\.value(?:\.[\w-]+)+(?:,\s*var\.[\w-]+(?:\.[\w-]+)+)*,"
    r"\s*(true|false|null|-?\d+(?:\.\d+)?|\"[^\"\\\n${}%]*\"|\[\]|\{\})\s*\)"
)
_EXPANDED = re.compile(r'\[(?:\d+|"[^"]*")\]')


@dataclass(frozen=True)
class Called:
    """A module of our registry that is called."""

    source: str
    version: str


@dataclass(frozen=True)
class Areas:
    """The code to scan, each area by itself, and what must come back for the scan to be whole."""

    texts: Mapping[str, Mapping[str, str]]
    """By area: "module" with what it calls, and "examples", each with paths as in the module."""
    expected: frozenset[tuple[str, str]]
    """(path, type.name) of every resource of ours."""
    called: Mapping[str, Called]
    """By the folder in which the code of a called module lies while the module is scanned."""

    def called_at(self, path: str) -> Called | None:
        """The called module that a path belongs to, if it is none of ours."""
        return self.called.get("/".join(path.split("/")[:2]))


def split(files: FileMap, modules: Modules) -> Areas:
    """Only `.tf`; what is not UTF-8 was refused before anybody scans."""
    code = {path: parse(path, data) for path, data in sorted(files.items()) if path.endswith(".tf")}
    folder = "called-modules"
    while any(path.startswith(f"{folder}/") for path in files):
        folder += "-"
    layout = _Layout(modules, folder)
    beside = _beside(code)
    texts: dict[str, dict[str, str]] = {"module": {}, "examples": {}}
    empty: dict[str, set[str]] = {}
    for path, file in code.items():
        empty.setdefault(posixpath.dirname(path), set()).update(_empty_by_default(file))
    for path, file in code.items():
        area = "examples" if path in beside else "module"
        texts[area][path] = layout.redirected(path, files[path], file, empty[posixpath.dirname(path)])
    layout.unfold()
    texts["module"] |= layout.texts
    expected = frozenset((path, name) for path, file in code.items() for name in _resources(file))
    return Areas({area: found for area, found in texts.items() if found}, expected, layout.called)


def lying_beside(files: FileMap) -> frozenset[str]:
    """The code that whoever installs the module does not load: of examples and tests that the module does not call."""
    return _beside({path: parse(path, data) for path, data in sorted(files.items()) if path.endswith(".tf")})


def _beside(code: Mapping[str, ParsedFile]) -> frozenset[str]:
    calls: dict[str, list[str]] = {}
    for path, file in code.items():
        directory = posixpath.dirname(path)
        targets = calls.setdefault(directory, [])
        for block in file.blocks:
            source = read_source(block.literal("source") or "") if block.kind == "module" else None
            target = within(directory, source) if source is not None and source.kind == "local" else None
            targets += [] if target is None else [target]
    own = own_parts(calls)
    return frozenset(path for path in code if posixpath.dirname(path) not in own)


def _resources(file: ParsedFile) -> Iterator[str]:
    for block in file.blocks:
        if block.kind == "resource" and len(block.labels) == 2:
            yield ".".join(block.labels)


def seen(name: str) -> tuple[str, str]:
    """(path, type.name) out of `main.tf:module.a.type.name["key"]`, as Checkov writes it."""
    path, _, address = name.partition(".tf:")
    return f"{path}.tf", ".".join(_EXPANDED.sub("", address).split(".")[-2:])


def _by_default(block: Block, empty: Collection[str]) -> Iterator[tuple[Span, bytes]]:
    """The arguments of a call for each of no items, as an item that says nothing would have them.

    Checkov does not evaluate `try(each.value.encrypted, var.defaults.encrypted, true)` and takes it for false.
    """
    each = block.attributes.get("for_each")
    match = _VARIABLE.fullmatch(each.text) if each is not None else None
    if match is None or match.group(1) not in empty:
        return
    for one in block.attributes.values():
        tried = _TRIED.fullmatch(one.text)
        if tried is not None and set(_READ.findall(one.text)) <= set(empty):
            yield one.span, f"{one.name} = {tried.group(1)}".encode()


def _empty_by_default(file: ParsedFile) -> Iterator[str]:
    for block in file.blocks:
        if block.kind == "variable" and block.labels and (block.text("default") or "") in ("{}", "[]"):
            yield block.labels[0]


class _Layout:
    """Puts called modules where a relative source finds them, and says so in the copies that are scanned."""

    def __init__(self, modules: Modules, folder: str) -> None:
        self.modules = modules
        self.folder = folder
        self.called: dict[str, Called] = {}
        self.texts: dict[str, str] = {}
        self._homes: dict[int, str] = {}
        self._waiting: list[tuple[str, KnownModule]] = []

    def redirected(self, path: str, data: bytes, file: ParsedFile, empty: Collection[str] = ()) -> str:
        """The text with each call of a known module led to its copy; no line moves."""
        edits = [edit for block in file.blocks if block.kind == "module" for edit in _by_default(block, empty)]
        for block in file.blocks:
            known = self.modules.of(block) if block.kind == "module" else None
            if known is not None:
                source = f'source = "{self._relative(path, block, known)}"'
                edits += [(block.attributes["source"].span, source.encode())]
                edits += [(block.attributes["version"].span, b"")] if "version" in block.attributes else []
        for span, text in sorted(edits, key=lambda edit: -edit[0].start):
            data = data[: span.start] + text + data[span.end :]
        return data.decode("utf-8", "replace")

    def unfold(self) -> None:
        """The code of all that is called, and of what that calls."""
        while self._waiting:
            home, known = self._waiting.pop()
            for name, data in sorted(known.files.items()):
                if name.endswith(".tf") and not is_beside(name):
                    path = f"{home}/{name}"
                    self.texts[path] = self.redirected(path, data, parse(name, data))

    def _relative(self, path: str, block: Block, known: KnownModule) -> str:
        written = block.literal("source") or ""
        if id(known) not in self._homes:
            home = f"{self.folder}/{len(self._homes)}"
            self._homes[id(known)] = home
            self.called[home] = Called(written.partition("//")[0], known.version)
            self._waiting.append((home, known))
        target = posixpath.join(self._homes[id(known)], read_source(written).submodule or "")
        relative = posixpath.relpath(target, posixpath.dirname(path) or ".")
        return relative if relative.startswith("../") else f"./{relative}"
