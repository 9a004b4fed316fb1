"""What changed between two trees: statuses from the trees themselves, hunks from `git diff`, renames not guessed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .objects import Entry
from .repository import Repository

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class FileDiff:
    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str


def changed_paths(
    repository: Repository, old_tree: str | None, new_tree: str
) -> dict[str, tuple[Entry | None, Entry | None]]:
    """Path → (before, after), without a process."""
    before = repository.files(old_tree) if old_tree else {}
    after = repository.files(new_tree)
    paths = sorted({*before, *after})
    pairs = {path: (before.get(path), after.get(path)) for path in paths}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def statuses(repository: Repository, old_tree: str | None, new_tree: str) -> list[FileDiff]:
    """Paths and statuses only, for push events."""
    found = []
    for path, (old, new) in changed_paths(repository, old_tree, new_tree).items():
        status = "added" if old is None else "removed" if new is None else "modified"
        found.append(FileDiff(path, status, (new or old).sha, 0, 0, ""))  # type: ignore[union-attr]
    return found


def diff(repository: Repository, old_tree: str | None, new_tree: str) -> tuple[FileDiff, ...]:
    return _diff(repository.git_dir, old_tree or EMPTY_TREE, new_tree)


@lru_cache(maxsize=256)
def _diff(git_dir: Path, old_tree: str, new_tree: str) -> tuple[FileDiff, ...]:
    """Trees are named by their content, so an answer stays right for ever."""
    repository = Repository(git_dir)
    if old_tree == new_tree:
        return ()
    patches = _patches(unified(repository, old_tree, new_tree))
    found = []
    for one in statuses(repository, None if old_tree == EMPTY_TREE else old_tree, new_tree):
        lines = patches.get(one.path, "").split("\n")
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        found.append(FileDiff(one.path, one.status, one.sha, added, removed, patches.get(one.path, "")))
    return tuple(found)


def unified(repository: Repository, old_tree: str, new_tree: str) -> str:
    if old_tree == EMPTY_TREE:
        repository.objects.write("tree", b"")
    output = repository.run(
        "-c", "core.quotePath=false", "diff", "--no-color", "--no-ext-diff", "--no-renames", "--full-index",
        old_tree, new_tree,
        path=os.defpath + os.pathsep + os.environ.get("PATH", ""),
    )  # fmt: skip
    return output.decode("utf-8", "replace")


def _patches(text: str) -> dict[str, str]:
    """`git diff` cut into the hunks of each file."""
    found: dict[str, str] = {}
    for part in ("\n" + text).split("\ndiff --git ")[1:]:
        header, at, hunks = part.partition("\n@@ ")
        if at:
            found[_path(header)] = ("@@ " + hunks).rstrip("\n")
    return found


def _path(header: str) -> str:
    for line in header.split("\n"):
        if line.startswith("+++ b/"):
            return line.removeprefix("+++ b/").rstrip("\t")
    for line in header.split("\n"):
        if line.startswith("--- a/"):
            return line.removeprefix("--- a/").rstrip("\t")
    return header.split("\n", maxsplit=1)[0].partition(" b/")[2]
