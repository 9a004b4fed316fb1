"""The modules of our own registry that a module calls, and how they get to the engine.

What they are is told by whoever asks for a judgement; nothing is fetched here, and no engine fetches anything either.
"""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gate.file_types import belongs
from gate.foreign_files import write_file
from gate.providers import NeededProvider, needed_providers
from gate.report import Finding
from gate.workspace import Workspace
from tfmodule.facts import Block, ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.parts import is_beside
from tfmodule.sources import read_source, within

_DEEPEST, _MOST = 30, 1_000


@dataclass(frozen=True)
class KnownModule:
    """A version that our registry chose for a call. Its files passed the gate when it was published."""

    version: str
    files: FileMap


@dataclass(frozen=True)
class Modules:
    """What our registry says of the calls of its own modules: those it chose, by source and constraint as written."""

    hosts: frozenset[str] = frozenset()
    found: Mapping[tuple[str, str], KnownModule] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    def of(self, block: Block) -> KnownModule | None:
        """The module that a block calls, if it is one of ours and was found."""
        return self.found.get((block.literal("source") or "", block.literal("version") or ""))


NO_MODULES = Modules()
"""Where nobody was asked: then no call of a registry is allowed."""


def providers_of(modules: Modules, parsed: Mapping[str, ParsedFile]) -> tuple[NeededProvider, ...]:
    """The providers that the called modules load, each with the line of our own that first leads to any of them."""
    calls = (
        (path, block.line)
        for path, file in sorted(parsed.items())
        for block in file.blocks
        if block.kind == "module" and modules.of(block) is not None and not is_beside(path)
    )
    path, line = next(calls, ("", 0))
    found: dict[str, NeededProvider] = {}
    for module in modules.found.values():
        code = {name: parse(name, data) for name, data in module.files.items() if name.endswith(".tf")}
        code = {name: file for name, file in code.items() if not is_beside(name)}
        for one in needed_providers(code):
            found.setdefault(one.source, NeededProvider(one.source, one.name, path, line))
    return tuple(found.values()) if path else ()


def install(workspace: Workspace, files: FileMap, directories: tuple[str, ...], modules: Modules) -> None:
    """Put the modules where `terraform init` would have put them, for each directory in which it will run."""
    if not modules.found:
        return
    homes = _unpack(workspace, modules)
    for directory in directories:
        manifest = _Manifest(modules, homes)
        manifest.add("", files, directory, ".")
        if manifest.called:
            where = posixpath.join(directory, ".terraform/modules/modules.json")
            write_file(workspace.work, where, json.dumps({"Modules": manifest.entries}).encode())


def _unpack(workspace: Workspace, modules: Modules) -> Mapping[int, Path]:
    homes: dict[int, Path] = {}
    for module in modules.found.values():
        if id(module) not in homes:
            home = workspace.root / "modules" / str(len(homes))
            homes[id(module)] = home
            for path, data in module.files.items():
                if belongs(path):
                    write_file(home, path, data)
    return homes


class _Manifest:
    """The modules of one configuration, as Terraform keeps them in `.terraform/modules/modules.json`."""

    def __init__(self, modules: Modules, homes: Mapping[int, Path]) -> None:
        self.modules = modules
        self.homes = homes
        self.called = False
        self.entries: list[dict[str, str]] = []

    def add(self, key: str, files: FileMap, directory: str, place: str, source: str = "", version: str = "") -> None:
        """One module, at `place` as Terraform sees it, and `directory` of these files; then all that it calls."""
        entry = {"Key": key, "Source": source, "Dir": place}
        self.entries.append(entry | {"Version": version} if version else entry)
        if key.count(".") >= _DEEPEST or len(self.entries) >= _MOST:
            return
        for path in sorted(files):
            if posixpath.dirname(path) == directory and path.endswith(".tf"):
                for block in parse(path, files[path]).blocks:
                    if block.kind == "module" and block.labels:
                        self._call(f"{key}.{block.labels[0]}".lstrip("."), block, files, directory, place)

    def _call(self, key: str, block: Block, files: FileMap, directory: str, place: str) -> None:
        text = block.literal("source") or ""
        source, known = read_source(text), self.modules.of(block)
        if source.kind == "local":
            clean = posixpath.normpath(text)
            target = within(directory, source) or ""
            where = posixpath.normpath(posixpath.join(place, text))
            self.add(key, files, target, where, clean if clean.startswith("../") else f"./{clean}")
        elif known is not None and source.address is not None:
            self.called = True
            written = f"{source.host.casefold().removesuffix(':443')}/{source.address}"
            written += f"//{posixpath.normpath(source.submodule)}" if source.submodule else ""
            home = (self.homes[id(known)] / source.submodule).as_posix()
            self.add(key, known.files, source.submodule, home, written, known.version)
