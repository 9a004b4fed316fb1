"""The schemas of the providers that a module was initialised with: asked of the engine once, then kept on disk.

Asking costs 5.5 s and 13.6 MB for AWS, so each version of a provider is asked once for a machine.
"""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from gate.engines.needs import choose, demands_of
from gate.mirror import versions_in
from gate.modules import NO_MODULES, Modules
from gate.phases import Bench
from gate.providers import BUILTIN
from tfmodule.hcl import parse
from tfmodule.schema_index import ProviderSchema, Schemas, index

_LOCK = ".terraform.lock.hcl"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_LARGEST = 32 << 20


def default_cache() -> Path:
    """Where schemas are kept unless the operator says otherwise."""
    return Path("~/.cache/terrasmith/schemas").expanduser()


def provider_schemas(bench: Bench, cache: Path, modules: Modules = NO_MODULES) -> Schemas | None:
    """The schemas of all providers that `init` chose; None where one of them cannot be had.

    Without a provider there is nothing to know, and the answer is empty.
    """
    if not any(one.source != BUILTIN for one in bench.providers):
        return Schemas()
    chosen = chosen_providers(bench, modules)
    kept = {source: load(cache, source, version) for source, version in chosen.items()}
    if any(one is None for one in kept.values()):
        for one in _asked(bench, chosen):
            kept[one.source] = one
            keep(cache, one)
    found = tuple(one for one in kept.values() if one is not None)
    return Schemas(found) if len(found) == len(chosen) > 0 else None


def chosen_providers(bench: Bench, modules: Modules = NO_MODULES) -> dict[str, str]:
    """Source → version of every provider that `init` chose, or that is lent."""
    return {**dict(_lent(bench, modules)), **dict(_locked(bench))}


def _locked(bench: Bench) -> Iterator[tuple[str, str]]:
    """Source and version of each provider in the lock file that `init` wrote."""
    try:
        data = (bench.workspace.work / _LOCK).read_bytes()
    except OSError:
        return
    for block in parse(_LOCK, data).blocks:
        version = block.literal("version")
        if block.kind == "provider" and block.labels and version and block.labels[0] != BUILTIN:
            yield block.labels[0], version


def _lent(bench: Bench, modules: Modules) -> Iterator[tuple[str, str]]:
    """The same of providers that run already and are only lent: no lock file names them."""
    demands = demands_of(bench.parsed, modules)
    mirrored = {source: versions_in(bench.workspace.mirror, source) for source in demands}
    for source, version in choose(demands, mirrored).items():
        if source != BUILTIN:
            yield source, version


def _asked(bench: Bench, chosen: dict[str, str]) -> Iterator[ProviderSchema]:
    done = bench.run("providers", "schema", "-json")
    if done.code != 0 or done.limit is not None:
        return
    try:
        described = json.loads(done.stdout)["provider_schemas"]
        for source, version in chosen.items():
            if source in described:
                yield index(source, version, described[source])
    except (ValueError, KeyError, TypeError):
        return


def _place(cache: Path, source: str, version: str) -> Path | None:
    parts = [*source.split("/"), version]
    # They become names of folders and of a file.
    return cache.joinpath(*parts[:-1], f"{version}.schema") if all(_SAFE.fullmatch(one) for one in parts) else None


def load(cache: Path, source: str, version: str) -> ProviderSchema | None:
    """A schema that was kept, or None. What cannot be read counts as not kept."""
    place = _place(cache, source, version)
    if place is None:
        return None
    try:
        status = place.stat()
        if status.st_size > _LARGEST or status.st_uid != os.geteuid():
            return None
        kept = _loaded(place, status.st_mtime_ns)
    except (OSError, ValueError):
        return None
    return kept if (kept.source, kept.version) == (source, version) else None


@lru_cache(maxsize=8)
def _loaded(place: Path, _changed: int) -> ProviderSchema:
    return ProviderSchema.from_bytes(place.read_bytes())


def keep(cache: Path, schema: ProviderSchema) -> None:
    """Write it whole or not at all. A cache that cannot be written is only slow."""
    place = _place(cache, schema.source, schema.version)
    if place is None:
        return
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(schema.to_bytes())
            Path(name).replace(place)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
