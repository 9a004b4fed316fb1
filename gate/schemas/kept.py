"""The schemas that come with Terrasmith, cut to what a module uses, in the form in which a provider tells them.

Knows which arguments there are, their types, and what is required or computed. What a provider checks by its own code
is not in a schema.
"""

import difflib
import functools
import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gate.mirror import REGISTRY_HOST
from gate.schemas import protocol

_FOLDER = Path(__file__).parent
_NAME = re.compile(r"(?P<type>[a-z0-9-]+)-(?P<version>\d+\.\d+\.\d+)\.json\.xz")
_KINDS = ("resource_schemas", "data_source_schemas", "ephemeral_resource_schemas")
_NEAR = 3


def kept_versions(source: str) -> tuple[str, ...]:
    """The versions of a provider (`host/namespace/type`) of which a schema is kept."""
    return tuple(version for known, version in _kept() if known == source)


@functools.cache
def _kept() -> Mapping[tuple[str, str], Path]:
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if match := _NAME.fullmatch(path.name):
            found[f"{REGISTRY_HOST}/hashicorp/{match['type']}", match["version"]] = path
    return found


def response(source: str, version: str, texts: Iterable[bytes]) -> bytes:
    """The provider's answer to `GetProviderSchema`, with every type whose name stands anywhere in these texts."""
    prefix = source.rsplit("/", 1)[-1]
    word = re.compile(rb"\b" + prefix.encode() + rb"_[a-z0-9_]+\b")
    used = {found.decode() for text in texts for found in word.findall(text)}
    lines = _lines(_kept()[source, version])
    # Parsing all of it would take a second; a module uses some twenty types of two thousand.
    cut = {kind: {name: json.loads(lines[kind][name]) for name in _wanted(used, lines[kind])} for kind in _KINDS}
    return protocol.provider_schema(json.loads(lines["provider"]["."]), *(cut[kind] for kind in _KINDS))


def _lines(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Kind → name → the schema, still as text."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in ("provider", *_KINDS)}
    for line in lzma.decompress(path.read_bytes()).decode().split("\n"):
        kind, name, text = line.split(" ", 2)
        found[kind][name] = text
    return found


def _wanted(used: Iterable[str], known: Mapping[str, str]) -> Iterator[str]:
    """The names that are known; of an unknown one, those that Terraform would name as what was meant."""
    wanted: set[str] = set()
    for name in used:
        wanted.update([name] if name in known else difflib.get_close_matches(name, known, n=_NEAR))
    yield from sorted(wanted)
