"""Which bytes a provider of the mirror is made of, as Terraform's lock files tell it (`h1:`), and whether an operator
pinned them.

Reads the mirror and a cache of its own; a provider that cannot be read has no hash, which no pin allows.
"""

import base64
import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gate.conclusion import Conclusion
from gate.report import Finding

RULE = "provider-hash"
_BLOCK = 1 << 20


def hashed(mirror: Path | None, chosen: Mapping[str, str], cache: Path) -> tuple[str, ...]:
    """`SOURCE VERSION h1:…` for each provider, by source; `unreadable` where there is no hash."""
    told = []
    for source, version in sorted(chosen.items()):
        found = [_kept(place, cache) for place in _places(mirror, source, version)]
        told += [f"{source} {version} {one}" for one in sorted(set(found))] or [f"{source} {version} unreadable"]
    return tuple(told)


def unpinned(providers: Iterable[str], pins: frozenset[str]) -> Conclusion | None:
    """Why nothing is run with these providers; None where no pins are set, or all of them are pinned."""
    wrong = [one.split(" ") for one in providers if pins and one.split(" ")[-1] not in pins]
    fix = (
        "Put the provider that was pinned into the mirror; or, if this one is meant, add its hash to"
        " TERRASMITH_PROVIDER_HASHES."
    )
    findings = tuple(
        Finding(
            RULE,
            "warning",
            f"The provider `{source}` {version} of the mirror is not one that is pinned: its hash is `{found}`.",
            fix=fix,
        )
        for source, version, found in wrong
    )
    return Conclusion("undecided", findings) if findings else None


def _places(mirror: Path | None, source: str, version: str) -> Iterator[Path]:
    """Every platform of a version: folders, or zips that hold the same."""
    parts = source.split("/")
    if mirror is None or len(parts) != 3:
        return
    folder = mirror.joinpath(*parts)
    with contextlib.suppress(OSError):
        yield from sorted(one for one in (folder / version).iterdir() if one.is_dir())
    with contextlib.suppress(OSError):
        yield from sorted(folder.glob(f"terraform-provider-{parts[2]}_{version}_*.zip"))


def _kept(place: Path, cache: Path) -> str:
    """A provider has hundreds of megabytes: hashed once, and again when anything about its files changed."""
    try:
        stamp = json.dumps([_stamp(one) for one in _files(place)])
        kept = cache / "hashes" / hashlib.sha256(f"{place}\n{stamp}".encode()).hexdigest()
        with contextlib.suppress(OSError):
            if kept.stat().st_uid == os.geteuid():
                return kept.read_text(encoding="ascii")
        found = _h1(place)
    except (OSError, zipfile.BadZipFile, ValueError):
        return "unreadable"
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept.write_text(found, encoding="ascii")
    return found


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())


def _stamp(path: Path) -> tuple[str, int, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns, status.st_ino


def _h1(place: Path) -> str:
    """Go's `dirhash.Hash1` over the names and contents of all files, the same packed and unpacked."""
    lines = []
    if place.is_file():
        with zipfile.ZipFile(place) as packed:
            for name in packed.namelist():
                if not name.endswith("/"):
                    with packed.open(name) as stream:
                        total = hashlib.sha256()
                        while piece := stream.read(_BLOCK):
                            total.update(piece)
                    lines.append((name, total.hexdigest()))
    else:
        for path in _files(place):
            with path.open("rb") as file:
                lines.append((path.relative_to(place).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()))
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(lines))
    return "h1:" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
