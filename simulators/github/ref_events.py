"""What GitHub does after refs have moved: push, create and delete events, pull requests that follow their branch.

Every way to move a ref (API, merge, GraphQL, git push) ends here, so that none of them forgets an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import payloads
from .emission import emit
from .git.diff import statuses
from .git.repository import Repository
from .store import Row
from .world import RefChange, World

ZERO = "0" * 40
MAX_TAG_EVENTS = 3
OPEN_PULLS = "SELECT p.* FROM pulls p JOIN issues i ON i.id = p.id WHERE p.repo_id = ? AND i.state = 'open'"
MAX_PUSH_COMMITS = 2048


def refs_changed(world: World, repo: Row, changes: Sequence[RefChange]) -> None:
    if not changes:
        return
    repo = world.store.update("repositories", repo["id"], pushed_at=world.now(), updated_at=world.now())
    quiet_tags = sum(change.tag is not None for change in changes) > MAX_TAG_EVENTS
    for change in changes:
        if change.tag is not None and quiet_tags:
            continue
        if change.branch is None and change.tag is None:
            continue
        _events(world, repo, change)
    for change in changes:
        if change.branch is not None:
            _follow(world, repo, change)
            if change.new:
                for react in world.after_push:
                    react(world, repo, change)


def _events(world: World, repo: Row, change: RefChange) -> None:
    if change.old is None or change.new is None:
        kind = "branch" if change.branch is not None else "tag"
        body: dict[str, Any] = {"ref": change.branch or change.tag, "ref_type": kind, "pusher_type": "user"}
        if change.new:
            body.update(master_branch=repo["default_branch"], description=repo["description"])
        emit(world, "create" if change.new else "delete", None, repo=repo, sender=change.sender, **body)
    _push(world, repo, change)


def _push(world: World, repo: Row, change: RefChange) -> None:
    git = world.git(repo)
    commits = _new_commits(git, repo, change)
    shown = [payloads.push_commit(world, repo, one, _statuses(git, one)) for one in commits]
    head = None
    tip = git.peel(change.new) if change.new else None
    if tip:
        commit = git.objects.commit(tip)
        head = payloads.push_commit(world, repo, commit, _statuses(git, commit))
    web = f"{world.web}/{world.full_name(repo)}"
    pusher = {
        "name": change.sender["login"],
        "email": change.sender["email"] or f"{change.sender['login']}@users.noreply.github.com",
    }
    owner = world.owner(repo)
    repository = {**payloads.webhook_repository(world, repo), "stargazers": 0, "master_branch": repo["default_branch"]}
    repository["owner"] = {**repository["owner"], "name": owner["login"], "email": None}
    emit(
        world, "push", None, repo=repo, sender=change.sender, ref=change.ref,
        before=change.old or ZERO, after=change.new or ZERO,
        repository=repository, pusher=pusher, created=change.old is None, deleted=change.new is None,
        forced=bool(change.old and change.new and change.branch and not git.is_ancestor(change.old, change.new)),
        base_ref=None, compare=f"{web}/compare/{(change.old or ZERO)[:12]}...{(change.new or ZERO)[:12]}",
        commits=shown, head_commit=head,
    )  # fmt: skip


def _new_commits(git: Repository, repo: Row, change: RefChange) -> list[Any]:
    if not change.new or change.branch is None:
        return []
    base = change.old
    if base is None:
        default = git.refs.get(f"refs/heads/{repo['default_branch']}")
        base = default if default != change.new else None
        if base is None:
            return (
                [] if repo["default_branch"] != change.branch else list(git.log(change.new))[::-1][-MAX_PUSH_COMMITS:]
            )
    return git.between(base, change.new)[-MAX_PUSH_COMMITS:]


def _statuses(git: Repository, commit: Any) -> Any:
    parent = git.objects.commit(commit.parents[0]).tree if commit.parents else None
    return statuses(git, parent, commit.tree)


def _follow(world: World, repo: Row, change: RefChange) -> None:
    """Open pull requests of this branch get the new head; of this base, they are merged when it contains them."""
    heads = world.store.all(
        f"{OPEN_PULLS} AND p.head_ref = ?",
        repo["id"], change.branch,
    )  # fmt: skip
    for pull in heads:
        if change.new is None:
            close_pull(world, repo, pull, change.sender)
            continue
        moved = world.store.update("pulls", pull["id"], head_sha=change.new)
        world.store.update("issues", pull["id"], updated_at=world.now())
        point_pull_ref(world, repo, moved)
        emit(
        world,             "pull_request", "synchronize", repo=repo, sender=change.sender, number=pull["number"],
            before=change.old or ZERO, after=change.new, pull_request=payloads.pull(world, moved),
        )  # fmt: skip
    if change.new:
        _merged_by_push(world, repo, change, change.new)


def _merged_by_push(world: World, repo: Row, change: RefChange, tip: str) -> None:
    bases = world.store.all(
        f"{OPEN_PULLS} AND p.base_ref = ?",
        repo["id"], change.branch,
    )  # fmt: skip
    git = world.git(repo)
    for pull in bases:
        if pull["head_sha"] != change.old and git.is_ancestor(pull["head_sha"], tip):
            merged = world.store.update(
                "pulls", pull["id"], merged_at=world.now(), merged_by=change.sender["id"], merge_commit_sha=tip
            )
            close_pull(world, repo, merged, change.sender)


def point_pull_ref(world: World, repo: Row, pull: Row) -> None:
    """refs/pull/N/head, which GitHub keeps for everybody to fetch."""
    refs, ref = world.git(repo).refs, f"refs/pull/{pull['number']}/head"
    old = refs.get(ref)
    if old != pull["head_sha"]:
        refs.swap(ref, old, pull["head_sha"])


def close_pull(world: World, repo: Row, pull: Row, sender: Row) -> Row:
    now = world.now()
    world.store.update("issues", pull["id"], state="closed", closed_at=now, updated_at=now, closed_by=sender["id"])
    emit(
        world,
        "pull_request",
        "closed",
        repo=repo,
        sender=sender,
        number=pull["number"],
        pull_request=payloads.pull(world, pull),
    )
    return world.store.must("pulls", pull["id"])
