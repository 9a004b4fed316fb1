"""What of a test file would call real providers. Reads the test's blocks only, and trusts nothing it cannot see."""

from collections.abc import Mapping

from gate.providers import OFFLINE, NeededProvider, local_names
from tfmodule.facts import Block, ParsedFile
from tfmodule.parts import is_beside

_FETCHING = {"tls_certificate": "registry.terraform.io/hashicorp/tls"}
"""Data sources that reach out, of providers that otherwise compute."""


def unmocked(path: str, parsed: Mapping[str, ParsedFile], providers: tuple[NeededProvider, ...]) -> list[str]:
    """The providers that the test at this path would really call, by their local names."""
    names = local_names([file for name, file in parsed.items() if "/" not in name and name.endswith(".tf")])
    blocks = parsed[path].blocks
    offline = OFFLINE - _fetching(parsed)
    return sorted(
        {
            provider.name
            for provider in providers
            if provider.source not in offline
            and not provider.path.startswith("examples/")
            and not _covered(provider, blocks, names)
        }
    )


def _fetching(parsed: Mapping[str, ParsedFile]) -> frozenset[str]:
    kinds = {
        block.labels[0]
        for path, file in parsed.items()
        if not is_beside(path)
        for block in file.walk()
        if block.kind == "data" and block.labels
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
