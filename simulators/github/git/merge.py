"""Three-way merges of trees by path; only a file that both sides changed costs a process (`git merge-file`)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from .objects import Entry
from .repository import Repository


class MergeConflictError(Exception):
    """Both sides changed the same lines; carries the path."""


def merge_trees(repository: Repository, base: str | None, ours: str, theirs: str) -> str:
    """The tree that holds both sides' changes since `base`."""
    if base == ours:
        return theirs
    if theirs in (base, ours):
        return ours
    old = repository.files(base) if base else {}
    mine, other = repository.files(ours), repository.files(theirs)
    changes: dict[str, tuple[str, str] | None] = {}
    for path in {*old, *other}:
        before, here, there = old.get(path), mine.get(path), other.get(path)
        if there in (before, here):
            continue
        if before == here:
            changes[path] = (there.mode, there.sha) if there else None
        else:
            changes[path] = _merge_file(repository, path, before, here, there)
    return repository.edit(ours, changes)


def _merge_file(
    repository: Repository, path: str, before: Entry | None, here: Entry | None, there: Entry | None
) -> tuple[str, str]:
    if before is None or here is None or there is None or here.type != "blob" or there.type != "blob":
        raise MergeConflictError(path)
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, entry in (("ours", here), ("base", before), ("theirs", there)):
            file = Path(folder) / name
            file.write_bytes(repository.objects.blob(entry.sha))
            names.append(str(file))
        result = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False)
    if result.returncode != 0:
        raise MergeConflictError(path)
    return here.mode, repository.objects.write("blob", result.stdout)
