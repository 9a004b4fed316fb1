"""Commits as REST, git data, pushes and diffs show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..git.diff import FileDiff
from ..git.objects import Commit, Signature
from ..store import Row
from .accounts import user

if TYPE_CHECKING:
    from ..world import World


def person(signature: Signature) -> dict[str, str]:
    stamp = datetime.fromtimestamp(signature.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"name": signature.name, "email": signature.email, "date": stamp}


def verification(world: World, repo: Row, sha: str) -> dict[str, Any]:
    row = world.store.first("SELECT * FROM signatures WHERE repo_id = ? AND sha = ?", repo["id"], sha)
    if row is None:
        return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    return {
        "verified": True,
        "reason": "valid",
        "signature": "-----BEGIN PGP SIGNATURE-----\n\nsimulated\n-----END PGP SIGNATURE-----",
        "payload": f"simulated {sha}",
        "verified_at": row["verified_at"],
    }


def account_of(world: World, signature: Signature) -> Row | None:
    """The account an address belongs to: the noreply form, or the address a user has set."""
    local, _, host = signature.email.partition("@")
    if host.startswith("users.noreply."):
        return world.user(local.partition("+")[2] or local)
    return world.store.first("SELECT * FROM users WHERE email = ?", signature.email)


def git_commit(world: World, repo: Row, commit_: Commit) -> dict[str, Any]:
    base, sha = f"{world.api}/repos/{world.full_name(repo)}", commit_.sha
    web = f"{world.web}/{world.full_name(repo)}"
    return {
        "sha": sha,
        "node_id": f"C_kwDO{repo['id']:08d}{sha}",
        "url": f"{base}/git/commits/{sha}",
        "html_url": f"{web}/commit/{sha}",
        "author": person(commit_.author),
        "committer": person(commit_.committer),
        "message": commit_.message.rstrip("\n"),
        "tree": {"sha": commit_.tree, "url": f"{base}/git/trees/{commit_.tree}"},
        "parents": [
            {"sha": one, "url": f"{base}/git/commits/{one}", "html_url": f"{web}/commit/{one}"}
            for one in commit_.parents
        ],
        "verification": verification(world, repo, sha),
    }


def commit(world: World, repo: Row, commit_: Commit) -> dict[str, Any]:
    base, sha = f"{world.api}/repos/{world.full_name(repo)}", commit_.sha
    web = f"{world.web}/{world.full_name(repo)}"
    author, committer = account_of(world, commit_.author), account_of(world, commit_.committer)
    return {
        "url": f"{base}/commits/{sha}",
        "sha": sha,
        "node_id": f"C_kwDO{repo['id']:08d}{sha}",
        "html_url": f"{web}/commit/{sha}",
        "comments_url": f"{base}/commits/{sha}/comments",
        "commit": {
            "url": f"{base}/git/commits/{sha}",
            "author": person(commit_.author),
            "committer": person(commit_.committer),
            "message": commit_.message.rstrip("\n"),
            "tree": {"sha": commit_.tree, "url": f"{base}/git/trees/{commit_.tree}"},
            "comment_count": 0,
            "verification": verification(world, repo, sha),
        },
        "author": user(world, author) if author else None,
        "committer": user(world, committer) if committer else None,
        "parents": [
            {"sha": one, "url": f"{base}/commits/{one}", "html_url": f"{web}/commit/{one}"} for one in commit_.parents
        ],
    }


def diff_entry(world: World, repo: Row, sha: str, change: FileDiff) -> dict[str, Any]:
    name, path = world.full_name(repo), quote(change.path)
    body = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{world.web}/{name}/blob/{sha}/{path}",
        "raw_url": f"{world.web}/{name}/raw/{sha}/{path}",
        "contents_url": f"{world.api}/repos/{name}/contents/{path}?ref={sha}",
    }
    if change.patch:
        body["patch"] = change.patch
    return body


def push_commit(world: World, repo: Row, commit_: Commit, changes: list[FileDiff]) -> dict[str, Any]:
    """A commit in a push event: paths by what happened to them."""
    paths = {
        status: [one.path for one in changes if one.status == status] for status in ("added", "removed", "modified")
    }
    author, committer = account_of(world, commit_.author), account_of(world, commit_.committer)
    return {
        "id": commit_.sha,
        "tree_id": commit_.tree,
        "distinct": True,
        "message": commit_.message.rstrip("\n"),
        "timestamp": person(commit_.committer)["date"],
        "url": f"{world.web}/{world.full_name(repo)}/commit/{commit_.sha}",
        "author": _pusher(commit_.author, author),
        "committer": _pusher(commit_.committer, committer),
        **paths,
    }


def _pusher(signature: Signature, account: Row | None) -> dict[str, str]:
    body = {"name": signature.name, "email": signature.email}
    return {**body, "username": account["login"]} if account else body
