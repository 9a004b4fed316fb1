"""Who calls the old version, and what each of them is made of: folders, providers, data sources. Runs nothing."""

import posixpath
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gate.mirror import REGISTRY_HOST
from gate.mocks import mocks_for
from gate.proof.placeholders import placeholder
from gate.providers import OFFLINE, local_names, needed_providers, normalise
from gate.structure import example_directories
from tfmodule.facts import Block, ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import parse, read_facts
from tfmodule.hcl_writer import Value
from tfmodule.interface import Interface

OLD, NEW = "old", "new"
_BESIDE = ("examples", "tests", "test")
_DEEPEST = 20
_MOST_CALLS = 500


@dataclass(frozen=True)
class Caller:
    """A root configuration. `directory` is below `old/` and `new/` alike; empty where the module itself is the root."""

    name: str
    directory: str
    values: Mapping[str, Value]


def lay_out(before: FileMap, after: FileMap) -> dict[str, bytes]:
    """Both versions side by side, the new one with the examples of the old: callers stay, the module is exchanged."""
    files = {f"{OLD}/{path}": data for path, data in before.items() if not _is_test(path)}
    files |= {f"{NEW}/{path}": data for path, data in after.items() if not _is_test(path) and not _is_example(path)}
    return files | {f"{NEW}/{path}": data for path, data in before.items() if _is_example(path)}


def callers(before: FileMap) -> tuple[Caller, ...]:
    """Every example that calls the module by path; without any, the module alone with made-up values."""
    found = []
    for directory in example_directories(before):
        blocks = _blocks(before, directory)
        calls = [block for block in blocks if block.kind == "module"]
        if any(_leads_to(directory, block) in ("", *_submodules(before)) for block in calls):
            found.append(Caller(directory, directory, {}))
    if found:
        return tuple(found)
    required = Interface.from_facts(read_facts(before)).required_inputs
    return (Caller("the module itself", "", {one.name: placeholder(one.type) for one in required}),)


def foreign_call(files: FileMap, directory: str) -> str | None:
    """A module of a registry or elsewhere that this configuration calls, directly or not: no engine could get it."""
    waiting, seen = [directory], {directory}
    while waiting:
        here = waiting.pop(0)
        for block in _blocks(files, here):
            source = block.literal("source")
            if block.kind == "module" and (source is None or not source.startswith((".", "./", "../"))):
                return source or block.text("source") or ""
            target = _leads_to(here, block) if block.kind == "module" else None
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)
    return None


def not_followed(files: FileMap, directory: str) -> str | None:
    """Why some of the calls of a configuration were not followed; None where all were."""
    left_out: list[str] = []
    for _ in walk(files, directory, left_out):
        pass
    if not left_out:
        return None
    return f"it makes more than {_MOST_CALLS} module calls, or nests them deeper than {_DEEPEST}: not all were followed"


def walk(files: FileMap, directory: str, left_out: list[str] | None = None) -> Iterator[tuple[str, Block]]:
    """Every top-level block of a configuration and of what it calls, with the address of the module it is in.

    Each folder is parsed once, and at most so many calls are followed: a tree of calls can be larger than any memory.
    Those that are not followed are added to `left_out`.
    """
    known: dict[str, list[Block]] = {}
    waiting: deque[tuple[str, str, int]] = deque([(directory, "", 0)])
    for _ in range(_MOST_CALLS):
        if not waiting:
            return
        here, prefix, depth = waiting.popleft()
        if here not in known:
            known[here] = _blocks(files, here)
        for block in known[here]:
            yield prefix, block
            target = _leads_to(here, block) if block.kind == "module" and block.labels else None
            if target is None:
                continue
            if depth < _DEEPEST and len(waiting) < _MOST_CALLS:
                waiting.append((target, f"{prefix}module.{block.labels[0]}.", depth + 1))
            elif left_out is not None:
                left_out.append(target)
    if left_out is not None:
        left_out.extend(target for target, _, _ in waiting)


def data_sources(files: FileMap, directory: str) -> tuple[str, ...]:
    """The addresses of the data sources that only a real cloud could answer."""
    return tuple(
        sorted(
            f"{prefix}data.{'.'.join(block.labels)}"
            for prefix, block in walk(files, directory)
            if block.kind == "data" and len(block.labels) == 2 and _online(block.labels[0])
        )
    )


def _online(kind: str) -> bool:
    return f"{REGISTRY_HOST}/hashicorp/{kind.split('_', 1)[0]}" not in OFFLINE and not kind.startswith("terraform_")


def online_providers(*sides: FileMap) -> dict[str, str]:
    """Source → a local name of our own, for every provider that would reach out."""
    sources = {one.source for files in sides for one in needed_providers(_parsed(files))} - OFFLINE
    names: dict[str, str] = {}
    for source in sorted(sources):
        name = source.rpartition("/")[2]
        names[source] = name if name not in names.values() else f"{name}-{len(names)}"
    return names


def provider_keys(files: FileMap, directory: str, online: Mapping[str, str]) -> dict[str, str]:
    """What a configuration calls its providers (`aws`, `aws.eu`) → the source of each that would reach out."""
    inside = [file for path, file in _parsed(files).items() if posixpath.dirname(path) == directory]
    local = local_names(inside)
    keys = {name: source for name, source in local.items() if source}
    for source in online:
        if source not in local.values():
            keys[source.rpartition("/")[2]] = source
    for block in (block for file in inside for block in file.blocks if block.kind == "provider" and block.labels):
        known, alias = local.get(block.labels[0]) or normalise(block.labels[0]), block.literal("alias")
        if known and alias:
            keys[f"{block.labels[0]}.{alias}"] = known
    return {key: source for key, source in sorted(keys.items()) if source in online}


def mock_defaults(before: FileMap, laid_out: FileMap, name: str) -> tuple[str, ...]:
    """Defaults for a mocked provider: those of the module's own tests, as written, and else those of our library."""
    found: dict[tuple[str, ...], str] = {}
    for path in sorted(path for path in before if path.endswith((".tftest.hcl", ".tfmock.hcl"))):
        blocks = parse(path, before[path]).blocks
        inner = [
            one for block in blocks if block.kind == "mock_provider" and block.labels == (name,) for one in block.blocks
        ]
        # A file of defaults names no provider; its folder does.
        _collect(found, before[path], inner or ([*blocks] if f"/{name}/" in path else []))
    known = mocks_for({path: data for path, data in laid_out.items() if path.endswith(".tf")})
    for path, data in known.items():
        _collect(found, data, parse(path, data).blocks if f"/{name}/" in path else ())
    return tuple(found[key] for key in sorted(found))


def _collect(found: dict[tuple[str, ...], str], data: bytes, blocks: Iterable[Block]) -> None:
    lines = data.decode("utf-8", "replace").splitlines()
    for block in blocks:
        if block.kind in ("mock_data", "mock_resource"):
            found.setdefault((block.kind, *block.labels), "\n".join(lines[block.line - 1 : block.end_line]))


def _parsed(files: FileMap) -> dict[str, ParsedFile]:
    return {path: parse(path, data) for path, data in sorted(files.items()) if path.endswith(".tf")}


def _blocks(files: FileMap, directory: str) -> list[Block]:
    names = sorted(path for path in files if path.endswith(".tf") and posixpath.dirname(path) == directory)
    return [block for path in names for block in parse(path, files[path]).blocks]


def _leads_to(directory: str, block: Block) -> str | None:
    source = block.literal("source") or ""
    if not source.startswith(("./", "../")) and source not in (".", ".."):
        return None
    target = posixpath.normpath(posixpath.join(directory, source))
    return None if target.startswith("..") else target.removeprefix(".")


def _submodules(files: FileMap) -> frozenset[str]:
    return frozenset(posixpath.dirname(path) for path in files if path.startswith("modules/") and path.endswith(".tf"))


def _is_example(path: str) -> bool:
    return path.startswith("examples/")


def _is_test(path: str) -> bool:
    return path.endswith((".tftest.hcl", ".tfmock.hcl")) or path.split("/", maxsplit=1)[0] in ("tests", "test")
