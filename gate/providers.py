"""Which providers a module's code makes Terraform load, with the line that asks for each. Looks nothing up.

What cannot be read as the address of a provider is told as such: it must never be taken for another one.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gate.mirror import REGISTRY_HOST
from tfmodule.facts import Attribute, Block, ParsedFile, ProviderRequirement
from tfmodule.parts import is_beside
from tfmodule.sources import provider_address

BUILTIN = "terraform.io/builtin/terraform"
OFFLINE = frozenset(
    {BUILTIN}
    | {f"{REGISTRY_HOST}/hashicorp/{name}" for name in ("archive", "cloudinit", "null", "random", "time", "tls")}
)
"""Providers that compute and reach nothing: a test may use them without a mock."""
_MEMBERS = frozenset({"source", "version", "configuration_aliases"})
# `aws`, `aws.east`, `aws["east"]`; in quotes as Terraform 0.11 wrote it.
_REFERENCE = re.compile(r'"?([^\W\d][\w-]*)(?:\.[^\W\d][\w-]*|\[.*\])?"?', re.DOTALL)


@dataclass(frozen=True)
class NeededProvider:
    """`source` is `host/namespace/type` in lower case, `name` the local name, the place where it is first asked for."""

    source: str
    name: str
    path: str
    line: int


@dataclass(frozen=True)
class Use:
    """One place that makes Terraform load a provider. `source` is None where it cannot be read as an address."""

    name: str
    source: str | None
    written: str
    path: str
    line: int


normalise = provider_address
"""`host/namespace/type` for a provider's source as written; None when it is no provider address."""


def needed_providers(parsed: Mapping[str, ParsedFile]) -> tuple[NeededProvider, ...]:
    """Every provider of every module directory and test file, each source once, with its first place."""
    found: dict[str, NeededProvider] = {}
    for use in uses(parsed):
        if use.source is not None:
            found.setdefault(use.source, NeededProvider(use.source, use.name, use.path, use.line))
    return tuple(found.values())


def uses(parsed: Mapping[str, ParsedFile]) -> Iterator[Use]:
    """Every place, that of the module itself first: what only examples and tests ask for is no part of it."""
    for path in sorted(parsed, key=lambda path: (is_beside(path), posixpath.dirname(path), path)):
        file = parsed[path]
        yield from _declared(file)
        names = local_names([one for name, one in parsed.items() if _is_code_of(name, _home(path))])
        for name, written, line in _references(file):
            source = names.get(name.lower(), _implied(name))
            if source is not None or name.lower() not in names:  # else it was told where it is declared
                yield Use(name, source, written, path, line)


def local_names(files: list[ParsedFile]) -> dict[str, str | None]:
    """Local name → full source for the `required_providers` of one module."""
    return {use.name.lower(): use.source for file in files for use in _declared(file)}


def _home(path: str) -> str:
    """The directory whose `required_providers` count: for a test, that of the module it tests."""
    directory, name = posixpath.split(path)
    if name.casefold().endswith(".tf"):
        return directory
    return posixpath.dirname(directory) if posixpath.basename(directory) == "tests" else directory


def _is_code_of(path: str, directory: str) -> bool:
    return path.casefold().endswith(".tf") and posixpath.dirname(path) == directory


def _declared(file: ParsedFile) -> Iterator[Use]:
    """The entries of `required_providers`; one that is not written plainly has no source."""
    for block in file.blocks:
        for inner in block.blocks if block.kind == "terraform" else ():
            for name, entry in inner.attributes.items() if inner.kind == "required_providers" else ():
                source, written = _entry(name, entry)
                yield Use(name, source, written, file.path, entry.line)


def requirements(file: ParsedFile) -> Iterator[ProviderRequirement]:
    """The entries of `required_providers` in one file, with their constraints."""
    for block in file.blocks:
        for inner in block.blocks if block.kind == "terraform" else ():
            for name, entry in inner.attributes.items() if inner.kind == "required_providers" else ():
                source, version = entry.members.get("source"), entry.members.get("version")
                yield ProviderRequirement(
                    name,
                    source.literal if source else None,
                    version.literal if version else entry.literal,
                    file.path,
                    entry.line,
                )


def _entry(name: str, entry: Attribute) -> tuple[str | None, str]:
    source = entry.members.get("source")
    plain = entry.literal is not None or (entry.text.startswith("{") and entry.members.keys() <= _MEMBERS)
    if not plain or (not entry.members and entry.literal is None and entry.text.strip("{} \t\r\n")):
        return None, entry.text
    if source is None:
        return _implied(name), name
    return (normalise(source.literal) if source.literal is not None else None), source.literal or source.text


def _implied(name: str) -> str | None:
    return BUILTIN if name == "terraform" else normalise(name) if "/" not in name else None


def _references(file: ParsedFile) -> Iterator[tuple[str, str, int]]:
    """Local names that a file asks for, as written, with their lines."""
    for block in file.blocks:
        if block.kind in ("provider", "mock_provider") and block.labels:
            yield block.labels[0], block.labels[0], block.line
        elif block.kind in ("module", "run") and "providers" in block.attributes:
            yield from _handed(block.attributes["providers"])
        elif block.kind == "import":
            yield from _of_import(block)
        elif block.kind == "terraform":
            for inner in block.blocks:
                if inner.kind == "provider_meta" and inner.labels:
                    yield inner.labels[0], inner.labels[0], inner.line
        for inner in block.walk():
            if inner.kind in ("resource", "data", "ephemeral") and len(inner.labels) == 2:
                yield _chosen(inner) or (_prefix(inner.labels[0]), inner.labels[0], inner.line)


def _handed(providers: Attribute) -> Iterator[tuple[str, str, int]]:
    for one in providers.members.values():
        yield _referred(one), one.text, one.line
    if not providers.members and providers.text.strip("{} \t\r\n"):
        yield f"{providers.text}/", providers.text, providers.line


def _of_import(block: Block) -> Iterator[tuple[str, str, int]]:
    """Where it has no provider of its own, Terraform takes that of the type it imports to."""
    kind = re.match(r"[^\W\d][\w-]*", block.text("to") or "")
    if chosen := _chosen(block):
        yield chosen
    elif kind is not None and kind.group() != "module":
        yield _prefix(kind.group()), kind.group(), block.line


def _chosen(block: Block) -> tuple[str, str, int] | None:
    attribute = block.attributes.get("provider")
    return (_referred(attribute), attribute.literal or attribute.text, block.line) if attribute else None


def _prefix(kind: str) -> str:
    return kind.split("_", 1)[0] or kind


def _referred(attribute: Attribute) -> str:
    """The local name in a reference to a provider, or the text itself, which is no name then."""
    text = attribute.literal if attribute.literal is not None else attribute.text
    match = _REFERENCE.fullmatch(text)
    return match.group(1) if match else f"{text}/"
