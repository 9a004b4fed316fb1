"""Issues, comments, labels and reactions as GitHub writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..store import Row
from .accounts import app, association, user

if TYPE_CHECKING:
    from ..world import World

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def label(world: World, repo: Row, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "node_id": world.node_id("LA", row["id"]),
        "url": f"{world.api}/repos/{world.full_name(repo)}/labels/{quote(row['name'])}",
        "name": row["name"],
        "color": row["color"],
        "default": bool(row["is_default"]),
        "description": row["description"],
    }


def labels_of(world: World, repo: Row, issue_id: int) -> list[dict[str, Any]]:
    rows = world.store.all(
        "SELECT l.* FROM labels l JOIN issue_labels i ON i.label_id = l.id WHERE i.issue_id = ? ORDER BY l.id", issue_id
    )
    return [label(world, repo, row) for row in rows]


def reactions(world: World, subject: str, subject_id: int, url: str) -> dict[str, Any]:
    """`subject` is `issue`, `comment`, `review_comment` or `release`; `url` is the subject's own."""
    counts: dict[str, int] = dict.fromkeys(REACTIONS, 0)
    for row in world.store.all(
        "SELECT content, COUNT(*) AS number FROM reactions WHERE subject = ? AND subject_id = ? GROUP BY content",
        subject,
        subject_id,
    ):
        counts[row["content"]] = row["number"]
    return {"url": f"{url}/reactions", "total_count": sum(counts.values()), **counts}


def reaction(world: World, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "node_id": world.node_id("REA", row["id"]),
        "user": user(world, world.store.must("users", row["user_id"])),
        "content": row["content"],
        "created_at": row["created_at"],
    }


def _app_of(world: World, app_id: int | None) -> dict[str, Any] | None:
    return app(world, world.store.must("apps", app_id)) if app_id else None


def issue(world: World, row: Row) -> dict[str, Any]:
    repo = world.store.must("repositories", row["repo_id"])
    name = world.full_name(repo)
    api = f"{world.api}/repos/{name}/issues/{row['number']}"
    kind = "pull" if row["is_pull"] else "issues"
    assignees = [user(world, world.store.must("users", one)) for one in json.loads(row["assignees_json"])]
    closer = user(world, world.store.must("users", row["closed_by"])) if row["closed_by"] else None
    body: dict[str, Any] = {
        "url": api,
        "repository_url": f"{world.api}/repos/{name}",
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "timeline_url": f"{api}/timeline",
        "html_url": f"{world.web}/{name}/{kind}/{row['number']}",
        "id": row["id"],
        "node_id": world.node_id("PR" if row["is_pull"] else "I", row["id"]),
        "number": row["number"],
        "title": row["title"],
        "user": user(world, world.store.must("users", row["user_id"])),
        "labels": labels_of(world, repo, row["id"]),
        "state": row["state"],
        "state_reason": row["state_reason"],
        "locked": bool(row["locked"]),
        "active_lock_reason": None,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": world.store.count("SELECT COUNT(*) FROM comments WHERE issue_id = ?", row["id"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "closed_at": row["closed_at"],
        "closed_by": closer,
        "author_association": association(world, repo, row["user_id"]),
        "body": row["body"],
        "reactions": reactions(world, "issue", row["id"], api),
        "performed_via_github_app": _app_of(world, row["app_id"]),
    }
    if row["is_pull"]:
        pull = world.store.must("pulls", row["id"])
        pull_api = f"{world.api}/repos/{name}/pulls/{row['number']}"
        web = f"{world.web}/{name}/pull/{row['number']}"
        body["draft"] = bool(pull["draft"])
        body["pull_request"] = {
            "url": pull_api,
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "merged_at": pull["merged_at"],
        }
    return body


def comment(world: World, row: Row) -> dict[str, Any]:
    parent = world.store.must("issues", row["issue_id"])
    repo = world.store.must("repositories", row["repo_id"])
    name = world.full_name(repo)
    api = f"{world.api}/repos/{name}/issues/comments/{row['id']}"
    kind = "pull" if parent["is_pull"] else "issues"
    return {
        "url": api,
        "html_url": f"{world.web}/{name}/{kind}/{parent['number']}#issuecomment-{row['id']}",
        "issue_url": f"{world.api}/repos/{name}/issues/{parent['number']}",
        "id": row["id"],
        "node_id": world.node_id("IC", row["id"]),
        "user": user(world, world.store.must("users", row["user_id"])),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "author_association": association(world, repo, row["user_id"]),
        "body": row["body"],
        "reactions": reactions(world, "comment", row["id"], api),
        "performed_via_github_app": _app_of(world, row["app_id"]),
    }
