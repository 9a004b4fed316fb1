"""What a pull request amounts to right now: its size and whether it can be merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .git.diff import diff
from .git.merge import MergeConflictError, merge_trees
from .git.repository import Repository
from .store import Row

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True)
class PullSize:
    commits: int
    additions: int
    deletions: int
    changed_files: int
    mergeable: bool | None
    state: str


def base_tip(world: World, repo: Row, pull: Row) -> str:
    """Where the base branch is now; a merged pull request keeps the base it was merged onto."""
    if pull["merged_at"]:
        return str(pull["base_sha"])
    return world.git(repo).refs.get(f"refs/heads/{pull['base_ref']}") or str(pull["base_sha"])


def trees(git: Repository, base: str, head: str) -> tuple[str | None, str]:
    """The two trees a pull request's diff compares: the merge base's and the head's."""
    fork = git.merge_base(base, head)
    return (git.objects.commit(fork).tree if fork else None), git.objects.commit(head).tree


def measure(world: World, pull: Row) -> PullSize:
    repo = world.store.must("repositories", pull["repo_id"])
    git, head = world.git(repo), pull["head_sha"]
    base = base_tip(world, repo, pull)
    old, new = trees(git, base, head)
    changes = diff(git, old, new)
    mergeable, state = _mergeable(git, pull, base, head, old)
    return PullSize(
        commits=len(git.between(base, head)),
        additions=sum(one.additions for one in changes),
        deletions=sum(one.deletions for one in changes),
        changed_files=len(changes),
        mergeable=mergeable,
        state=state,
    )


def _mergeable(git: Repository, pull: Row, base: str, head: str, fork_tree: str | None) -> tuple[bool | None, str]:
    if pull["merged_at"]:
        return None, "unknown"
    try:
        merge_trees(git, fork_tree, git.objects.commit(base).tree, git.objects.commit(head).tree)
    except MergeConflictError:
        return False, "dirty"
    return True, "draft" if pull["draft"] else "clean"
