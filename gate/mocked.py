"""What of a test file would call real providers. Reads the test's blocks only, and trusts nothing it cannot see."""

import posixpath
from collections.abc import Mapping

from gate.providers import OFFLINE, NeededProvider, local_names, normalise, uses
from tfmodule.facts import Block, ParsedFile
from tfmodule.parts import reachable
from tfmodule.sources import read_source, within

_FETCHING = {"tls_certificate": "registry.terraform.io/hashicorp/tls"}
"""Data sources that reach out, of providers that otherwise compute."""


def unmocked(path: str, parsed: Mapping[str, ParsedFile], providers: tuple[NeededProvider, ...]) -> list[str]:
    """The providers that the test at this path would really call, by their local names."""
    loaded = _loaded(path, parsed)
    code = {name: file for name, file in parsed.items() if name.endswith(".tf") and posixpath.dirname(name) in loaded}
    names = local_names([file for name, file in code.items() if "/" not in name])
    blocks = parsed[path].blocks
    elsewhere = _sources(parsed) - _sources({**code, path: parsed[path]})
    offline = OFFLINE - _fetching(code)
    configured = _configured(code, blocks)
    return sorted(
        {
            provider.name
            for provider in providers
            if provider.source not in offline | elsewhere
            and (provider.source in configured or not _covered(provider, blocks, names))
        }
    )


def _loaded(path: str, parsed: Mapping[str, ParsedFile]) -> frozenset[str]:
    """The directories that a test makes Terraform read: the module, what its runs name instead, what these call."""
    calls: dict[str, list[str]] = {}
    for name, file in parsed.items():
        if name == path or name.endswith(".tf"):
            base = "" if name == path else posixpath.dirname(name)
            targets = calls.setdefault(name if name == path else base, [])
            for block in file.walk():
                source = read_source(block.literal("source") or "") if block.kind == "module" else None
                target = within(base, source) if source is not None and source.kind == "local" else None
                targets += [] if target is None else [target]
    return reachable(["", path], calls)


def _sources(parsed: Mapping[str, ParsedFile]) -> set[str | None]:
    return {use.source for use in uses(parsed)}


def _configured(code: Mapping[str, ParsedFile], test: tuple[Block, ...]) -> frozenset[str | None]:
    """The providers that what is loaded configures by a name, or an alias, that no mock of the test takes."""
    mocked = {(one.labels[0], one.literal("alias")) for one in test if one.kind == "mock_provider" and one.labels}
    found = set()
    for path, file in code.items():
        for block in file.blocks:
            if block.kind == "provider" and block.labels and (block.labels[0], block.literal("alias")) not in mocked:
                beside = [one for name, one in code.items() if posixpath.dirname(name) == posixpath.dirname(path)]
                found.add(local_names(beside).get(block.labels[0].lower(), normalise(block.labels[0])))
    return frozenset(found)


def _fetching(code: Mapping[str, ParsedFile]) -> frozenset[str]:
    kinds = {
        block.labels[0] for file in code.values() for block in file.walk() if block.kind == "data" and block.labels
    }
    return frozenset(source for kind, source in _FETCHING.items() if kind in kinds)


def _covered(provider: NeededProvider, blocks: tuple[Block, ...], names: Mapping[str, str | None]) -> bool:
    """Mocked by default; or only under other names, and then every run says that it uses those."""
    own = [block for block in blocks if block.labels and _is(provider, block.labels[0], names)]
    if any(block.kind == "provider" for block in own):
        return False
    mocks = [block for block in own if block.kind == "mock_provider"]
    if any("alias" not in block.attributes for block in mocks):
        return True
    runs = [block for block in blocks if block.kind == "run"]
    mocked = {f"{block.labels[0]}.{block.literal('alias')}" for block in mocks}
    return bool(mocks) and all(_uses_only(run, mocked, provider, names) for run in runs)


def _uses_only(run: Block, mocked: set[str], provider: NeededProvider, names: Mapping[str, str | None]) -> bool:
    handed = run.attributes.get("providers")
    if handed is None:
        return False
    ours = [one.text for key, one in handed.members.items() if _is(provider, key.split(".")[0], names)]
    return bool(ours) and all(text in mocked for text in ours)


def _is(provider: NeededProvider, name: str, names: Mapping[str, str | None]) -> bool:
    return name == provider.name or names.get(name) == provider.source
