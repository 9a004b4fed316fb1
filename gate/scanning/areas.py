"""Which parts of a module a scanner sees, and where what it says belongs: the module, its examples, what it calls.

A scanner gets Terraform code and nothing else: no configuration, baseline or rule of the module's own can reach it.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gate.modules import KnownModule, Modules
from tfmodule.facts import Block, ParsedFile, Span
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.sources import read_source

BESIDE = frozenset({"examples", "tests", "test"})
"""Folders of a module that nobody installs."""
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
    texts: dict[str, dict[str, str]] = {"module": {}, "examples": {}}
    for path, file in code.items():
        area = "examples" if path.split("/")[0] in BESIDE else "module"
        texts[area][path] = layout.redirected(path, files[path], file)
    layout.unfold()
    texts["module"] |= layout.texts
    expected = frozenset((path, name) for path, file in code.items() for name in _resources(file))
    return Areas({area: found for area, found in texts.items() if found}, expected, layout.called)


def _resources(file: ParsedFile) -> Iterator[str]:
    for block in file.blocks:
        if block.kind == "resource" and len(block.labels) == 2:
            yield ".".join(block.labels)


def seen(name: str) -> tuple[str, str]:
    """(path, type.name) out of `main.tf:module.a.type.name["key"]`, as Checkov writes it."""
    path, _, address = name.partition(".tf:")
    return f"{path}.tf", ".".join(_EXPANDED.sub("", address).split(".")[-2:])


class _Layout:
    """Puts called modules where a relative source finds them, and says so in the copies that are scanned."""

    def __init__(self, modules: Modules, folder: str) -> None:
        self.modules = modules
        self.folder = folder
        self.called: dict[str, Called] = {}
        self.texts: dict[str, str] = {}
        self._homes: dict[int, str] = {}
        self._waiting: list[tuple[str, KnownModule]] = []

    def redirected(self, path: str, data: bytes, file: ParsedFile) -> str:
        """The text with each call of a known module led to its copy; no line moves."""
        edits: list[tuple[Span, bytes]] = []
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
                if name.endswith(".tf") and name.split("/")[0] not in BESIDE:
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
