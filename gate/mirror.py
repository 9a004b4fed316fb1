"""Where provider plugins lie on this machine, and which. Reads directory names only; nothing is fetched or run."""

import os
from collections.abc import Sequence
from pathlib import Path

REGISTRY_HOST = "registry.terraform.io"
OPENTOFU_HOST = "registry.opentofu.org"

# Terraform's own "implied mirrors", in its order; the first is below the home directory.
_HOME_MIRRORS = (
    ".terraform.d/plugins",
    ".local/share/terraform/plugins",
    "Library/Application Support/io.terraform/plugins",
)
_SYSTEM_MIRRORS = (Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins"))
SEARCH_ROOTS = (Path("/opt"), Path("/srv"), Path("/usr/local"), Path("/var/lib"))
"""Where machines and images usually keep a baked-in mirror."""
_SEARCH_DEPTH = 3
_SEARCH_ENTRIES = 20_000


def find_mirror(
    explicit: str | Path | None, *, home: Path | None = None, roots: Sequence[Path] = SEARCH_ROOTS
) -> Path | None:
    """The provider mirror to use, or None.

    An explicit setting wins and is never second-guessed. Otherwise the directories that Terraform itself implies, then
    a search below `roots` for a directory named registry.terraform.io, three levels deep at most and bounded in
    entries; links are not followed.
    """
    if explicit:
        chosen = Path(explicit).expanduser()
        return chosen.resolve() if chosen.is_dir() else None
    base = home or Path("~").expanduser()
    for candidate in (*(base / name for name in _HOME_MIRRORS), *_SYSTEM_MIRRORS):
        if (candidate / REGISTRY_HOST).is_dir():
            return candidate.resolve()
    return next((found for root in roots if (found := _search(root)) is not None), None)


def _search(root: Path) -> Path | None:
    level, seen = [root], 0
    for _ in range(_SEARCH_DEPTH):
        below: list[Path] = []
        for directory in level:
            try:
                entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if seen > _SEARCH_ENTRIES:
                    return None
                if entry.is_dir(follow_symlinks=False):
                    if entry.name == REGISTRY_HOST:
                        return directory.resolve()
                    below.append(Path(entry.path))
        level = below
    return None


def versions_in(mirror: Path | None, source: str) -> tuple[str, ...]:
    """The versions of a provider (`host/namespace/type`) in a mirror, unpacked or packed layout."""
    parts = source.split("/")
    if mirror is None or len(parts) != 3:
        return ()
    directory = mirror.joinpath(*parts)
    packed = f"terraform-provider-{parts[2]}_"
    found = set()
    try:
        for entry in directory.iterdir():
            if entry.is_dir():
                found.add(entry.name)
            elif entry.name.startswith(packed) and entry.name.endswith(".zip"):
                found.add(entry.name.removeprefix(packed).split("_", 1)[0])
    except OSError:
        return ()
    return tuple(sorted(found))


def in_mirror(mirror: Path | None, source: str) -> bool:
    """Whether any version of a provider is there, for Terraform or for OpenTofu, which has another default host."""
    return any(versions_in(mirror, name) for name in (source, source.replace(REGISTRY_HOST, OPENTOFU_HOST, 1)))
