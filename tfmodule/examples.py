"""A module's examples as somebody outside can use them: `source = "../.."` becomes the module's address and version.

Edits only those two arguments of a module block, and only where the source leads to another folder of the archive that
holds code. Comments, order and spacing of everything else stay; a file that cannot be read for sure stays as it is.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfmodule.address import Address
from tfmodule.contents import EXAMPLES
from tfmodule.facts import Attribute, Block
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.version import Version

_SOURCE, _VERSION = b"source", b"version"
_EQUALS = re.compile(rb"[ \t]*=[ \t]*")
# Nothing but a comment follows on the line, and the comment ends with it.
_REST = re.compile(rb"[ \t]*(?:(?:#|//)[^\n]*|/\*(?:(?!\*/)[^\n])*\*/[ \t\r]*)?(?=\r?\n)")


@dataclass(frozen=True)
class Release:
    """What an example shall refer to instead of its own folders."""

    host: str
    address: Address
    version: Version

    def source(self, directory: str) -> str:
        """The address of a folder of the module; empty for the module itself."""
        return f"{self.host}/{self.address}{f'//{directory}' if directory else ''}"


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: bytes


def is_example(files: FileMap, path: str) -> bool:
    """Whether this is a folder below `examples/` that holds code."""
    return path in example_folders(files)


def example_folders(files: FileMap) -> frozenset[str]:
    """The examples: every folder below `examples/` that holds code."""
    return frozenset(one for one in _folders(files) if one.startswith(f"{EXAMPLES}/"))


def render(files: FileMap, example: str, release: Release) -> Mapping[str, bytes]:
    """The files of an example, named relative to it, fit to be copied out of the archive.

    `files` is the whole archive. What leads to a folder inside the example stays: that folder comes along.
    """
    folders = _folders(files)
    rendered = {}
    for path in sorted(files):
        if path.startswith(f"{example}/"):
            data = files[path]
            rendered[path[len(example) + 1 :]] = (
                _rewrite(path, data, example, folders, release) if path.endswith(".tf") else data
            )
    return rendered


def _folders(files: FileMap) -> frozenset[str]:
    """Where Terraform would find a module."""
    return frozenset(posixpath.dirname(path) for path in files if path.endswith(".tf"))


def _rewrite(path: str, data: bytes, example: str, folders: frozenset[str], release: Release) -> bytes:
    file = parse(path, data)
    if file.problems or file.repeated:
        return data
    edits: list[_Edit] = []
    for block in file.blocks:
        directory = _target(path, block) if block.kind == "module" else None
        if directory is not None and directory in folders and not f"{directory}/".startswith(f"{example}/"):
            edits += _edits(data, block, release.source(directory), str(release.version))
    changed = _apply(data, edits)
    return changed if not parse(path, changed).problems else data


def _target(path: str, block: Block) -> str | None:
    """The folder of the archive that a module block's source leads to; None for what is no plain path in it."""
    source = block.literal("source")
    if source is None or not source.startswith(("./", "../")) or not block.attributes["source"].text.startswith('"'):
        return None
    if any(odd in source.rstrip("/") for odd in ("//", "\\", "?", "\n")):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
    if target == ".." or target.startswith("../"):
        return None
    return "" if target == "." else target


def _edits(data: bytes, block: Block, source: str, version: str) -> Iterator[_Edit]:
    attribute = block.attributes["source"]
    yield _Edit(attribute.span.value, attribute.span.end, _quoted(source))
    known = block.attributes.get("version")
    if known is not None:
        yield _Edit(known.span.value, known.span.end, _quoted(version))
    elif block.line == block.end_line:
        yield from _unfold(data, attribute, version)
    else:
        yield from _insert(data, block, attribute, version)


def _unfold(data: bytes, source: Attribute, version: str) -> Iterator[_Edit]:
    """A block of one line may hold one argument: it becomes a block of several."""
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    before, after = data[: source.span.start].rstrip(b" \t"), data[source.span.end :].lstrip(b" \t")
    yield _Edit(len(before), source.span.start, newline + b"  ")
    yield from _aligned(data, [source], len(_VERSION) + 1)
    line = newline + b"  version = " + _quoted(version) + newline
    yield _Edit(source.span.end, len(data) - len(after), line)


def _insert(data: bytes, block: Block, source: Attribute, version: str) -> Iterator[_Edit]:
    """A line of its own below the source, lined up with it as `terraform fmt` would."""
    start = data.rfind(b"\n", 0, source.span.start) + 1
    indent = data[start : source.span.start]
    indent = indent if not indent.strip() else b"  "
    group = _group(data, block, source)
    width = max(_width(data, source) or 0, len(_VERSION) + 1)
    yield from _aligned(data, group, width)
    rest = _REST.match(data, source.span.end)
    newline = b"\r\n" if rest is not None and data.startswith(b"\r\n", rest.end()) else b"\n"
    place = rest.end() if rest is not None else source.span.end
    line = newline + indent + _VERSION.ljust(width) + b"= " + _quoted(version)
    yield _Edit(place, place, line)


def _group(data: bytes, block: Block, source: Attribute) -> Sequence[Attribute]:
    """The arguments of one line each that stand lined up with the source, without a gap between them."""
    width = _width(data, source)
    by_line = {one.line: one for one in block.attributes.values() if width is not None and _width(data, one) == width}
    found = [source]
    for step in (-1, 1):
        line = source.line + step
        while line in by_line:
            found.append(by_line[line])
            line += step
    longest = max(len(one.name) for one in found)
    return found if width == longest + 1 else [source]


def _width(data: bytes, attribute: Attribute) -> int | None:
    """From the start of a name to its equals sign; None where something else stands there, or for several lines."""
    span = attribute.span
    between = data[span.start + len(attribute.name.encode()) : span.value]
    if not _EQUALS.fullmatch(between) or b"\n" in data[span.start : span.end]:
        return None
    return len(attribute.name.encode()) + between.index(b"=")


def _aligned(data: bytes, group: Iterable[Attribute], width: int) -> Iterator[_Edit]:
    for one in group:
        now = _width(data, one)
        if now is not None and now < width:
            place = one.span.start + len(one.name.encode())
            yield _Edit(place, place, b" " * (width - now))


def _quoted(text: str) -> bytes:
    escaped = text.replace("${", "$${").replace("%{", "%%{")
    return b'"' + escaped.encode() + b'"'


def _apply(data: bytes, edits: Iterable[_Edit]) -> bytes:
    out, position = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        out += [data[position : edit.start], edit.text]
        position = edit.end
    return b"".join([*out, data[position:]])
