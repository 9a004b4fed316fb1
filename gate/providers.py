"""Which providers a module's code makes Terraform load, with the line that asks for each. Looks nothing up."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gate.mirror import REGISTRY_HOST
from tfmodule.facts import Block, ParsedFile, ProviderRequirement
from tfmodule.sources import provider_address

BUILTIN = "terraform.io/builtin/terraform"
OFFLINE = frozenset(
    {BUILTIN} | {f"{REGISTRY_HOST}/hashicorp/{name}" for name in ("archive", "null", "random", "time", "tls")}
)
"""Providers that compute and reach nothing: a test may use them without a mock."""


@dataclass(frozen=True)
class NeededProvider:
    """`source` is `host/namespace/type` in lower case, `name` the local name, the place where it is first asked for."""

    source: str
    name: str
    path: str
    line: int


normalise = provider_address
"""`host/namespace/type` for a provider's source as written; None when it is no provider address."""


def needed_providers(parsed: Mapping[str, ParsedFile]) -> tuple[NeededProvider, ...]:
    """Every provider of every module directory and test file, each source once, with its first place."""
    found: dict[str, NeededProvider] = {}
    directories = {posixpath.dirname(path) for path in parsed}
    # Examples last: what only they ask for is no part of the module itself.
    for directory in sorted(directories, key=lambda name: (name.startswith("examples"), name)):
        files = [file for path, file in sorted(parsed.items()) if posixpath.dirname(path) == directory]
        root = [file for path, file in parsed.items() if "/" not in path]
        sources = local_names(files) or local_names(root)
        for name, path, line in (use for file in files for use in _uses(file)):
            source = sources.get(name, _implied(name))
            if source is not None:
                found.setdefault(source, NeededProvider(source, name, path, line))
    return tuple(found.values())


def local_names(files: list[ParsedFile]) -> dict[str, str | None]:
    """Local name → full source for the `required_providers` of one module."""
    return {name: _source(name, attribute_source) for name, attribute_source in _declared(files)}


def _declared(files: list[ParsedFile]) -> Iterator[tuple[str, str | None]]:
    for file in files:
        for block in file.blocks:
            for inner in block.blocks if block.kind == "terraform" else ():
                if inner.kind == "required_providers":
                    for name, attribute in inner.attributes.items():
                        source = attribute.members.get("source")
                        yield name, source.literal if source else None


def requirements(file: ParsedFile) -> Iterator[ProviderRequirement]:
    """The entries of `required_providers` in one file."""
    for block in file.blocks:
        for inner in block.blocks if block.kind == "terraform" else ():
            for name, attribute in inner.attributes.items() if inner.kind == "required_providers" else ():
                source, version = attribute.members.get("source"), attribute.members.get("version")
                yield ProviderRequirement(
                    name,
                    source.literal if source else None,
                    version.literal if version else attribute.literal,
                    file.path,
                    attribute.line,
                )


def _source(name: str, source: str | None) -> str | None:
    return normalise(source) if source is not None else _implied(name)


def _implied(name: str) -> str | None:
    return BUILTIN if name == "terraform" else normalise(name)


def _uses(file: ParsedFile) -> Iterator[tuple[str, str, int]]:
    for requirement in requirements(file):
        yield requirement.name, file.path, requirement.line
    for block in file.walk():
        name = _local_name(block)
        if name:
            yield name, file.path, block.line


def _local_name(block: Block) -> str | None:
    if block.kind in ("provider", "mock_provider") and block.labels:
        return block.labels[0]
    if block.kind in ("resource", "data", "ephemeral") and len(block.labels) == 2:
        chosen = block.text("provider")
        if chosen:
            return chosen.strip('"').split(".", 1)[0].strip()
        return block.labels[0].split("_", 1)[0]
    return None
