"""One folder of a repository as a module of its own: its files alone, with the folder as their root.

The rest of the repository is read past: it may hold what no module may, and more of it than a module may have.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import BinaryIO

from tfmodule.archive import ArchiveError, Entry, Limits, unpack
from tfmodule.files import printable

REPOSITORY_LIMITS = Limits(compressed=100 << 20, expanded=1 << 30, entries=200_000)
"""Of a whole repository, of which one module at a time is kept."""


def select(source: bytes | BinaryIO, folders: Collection[str]) -> tuple[Entry, ...]:
    """The files below these folders, out of GitHub's archive of a commit, with their paths in the repository.

    Raises ArchiveError: also for a folder that is a link or lies behind one.
    """
    above = {
        "/".join(parts[:depth]) for folder in folders for parts in [folder.split("/")] for depth in range(len(parts))
    }
    starts = tuple(f"{folder}/" for folder in folders)

    def wanted(path: str) -> bool:
        return path in above or path in folders or path.startswith(starts)

    found = unpack(source, REPOSITORY_LIMITS, strip_root=True, only=wanted)
    return tuple(entry for entry in found if entry.path.startswith(starts))


def module_at(entries: Iterable[Entry], folder: str) -> tuple[Entry, ...]:
    """Those files that lie in the folder, named relative to it. Raises ArchiveError where there is none."""
    start = f"{folder}/"
    inside = tuple(replace(one, path=one.path[len(start) :]) for one in entries if one.path.startswith(start))
    if not inside:
        raise ArchiveError(f"The commit has no folder `{printable(folder)}`.")
    return inside
