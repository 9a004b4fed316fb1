"""Pull requests, reviews and review comments as GitHub writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..store import Row
from .accounts import association, user
from .issues import labels_of, reactions
from .repositories import repository, with_settings

if TYPE_CHECKING:
    from ..world import World


def _addresses(world: World, name: str, number: int, head_sha: str) -> dict[str, str]:
    base = f"{world.api}/repos/{name}"
    web = f"{world.web}/{name}/pull/{number}"
    return {
        "url": f"{base}/pulls/{number}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": f"{base}/issues/{number}",
        "commits_url": f"{base}/pulls/{number}/commits",
        "review_comments_url": f"{base}/pulls/{number}/comments",
        "review_comment_url": f"{base}/pulls/comments{{/number}}",
        "comments_url": f"{base}/issues/{number}/comments",
        "statuses_url": f"{base}/statuses/{head_sha}",
    }


def pull_simple(world: World, row: Row) -> dict[str, Any]:
    """`row` is of the table pulls."""
    issue = world.store.must("issues", row["id"])
    repo = world.store.must("repositories", row["repo_id"])
    addresses = _addresses(world, world.full_name(repo), row["number"], row["head_sha"])
    owner = user(world, world.owner(repo))
    repository_body = {**repository(world, repo), **with_settings(repo)}
    assignees = [user(world, world.store.must("users", one)) for one in json.loads(issue["assignees_json"])]
    reviewers = [user(world, world.store.must("users", one)) for one in json.loads(row["requested_reviewers_json"])]
    links = {name.removesuffix("_url"): {"href": url} for name, url in addresses.items() if name.endswith("_url")}
    del links["diff"], links["patch"]

    def side(ref: str, sha: str) -> dict[str, Any]:
        return {"label": f"{owner['login']}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": repository_body}

    return {
        **addresses,
        "id": row["id"],
        "node_id": world.node_id("PR", row["id"]),
        "number": row["number"],
        "state": issue["state"],
        "locked": bool(issue["locked"]),
        "title": issue["title"],
        "user": user(world, world.store.must("users", issue["user_id"])),
        "body": issue["body"],
        "labels": labels_of(world, repo, row["id"]),
        "milestone": None,
        "active_lock_reason": None,
        "created_at": issue["created_at"],
        "updated_at": issue["updated_at"],
        "closed_at": issue["closed_at"],
        "merged_at": row["merged_at"],
        "merge_commit_sha": row["merge_commit_sha"],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "requested_reviewers": reviewers,
        "requested_teams": [],
        "head": side(row["head_ref"], row["head_sha"]),
        "base": side(row["base_ref"], row["base_sha"]),
        "_links": {"self": {"href": addresses["url"]}, **links},
        "author_association": association(world, repo, issue["user_id"]),
        "auto_merge": None,
        "draft": bool(row["draft"]),
    }


def pull(world: World, row: Row) -> dict[str, Any]:
    from ..pull_state import measure

    size = measure(world, row)
    merger = user(world, world.store.must("users", row["merged_by"])) if row["merged_by"] else None
    return {
        **pull_simple(world, row),
        "merged": row["merged_at"] is not None,
        "mergeable": size.mergeable,
        "rebaseable": size.mergeable,
        "mergeable_state": size.state,
        "merged_by": merger,
        "comments": world.store.count("SELECT COUNT(*) FROM comments WHERE issue_id = ?", row["id"]),
        "review_comments": world.store.count("SELECT COUNT(*) FROM review_comments WHERE pull_id = ?", row["id"]),
        "maintainer_can_modify": bool(row["maintainer_can_modify"]),
        "commits": size.commits,
        "additions": size.additions,
        "deletions": size.deletions,
        "changed_files": size.changed_files,
    }


def review(world: World, row: Row) -> dict[str, Any]:
    pull_row = world.store.must("pulls", row["pull_id"])
    repo = world.store.must("repositories", row["repo_id"])
    name, number = world.full_name(repo), pull_row["number"]
    page = f"{world.web}/{name}/pull/{number}#pullrequestreview-{row['id']}"
    api = f"{world.api}/repos/{name}/pulls/{number}"
    body = {
        "id": row["id"],
        "node_id": world.node_id("PRR", row["id"]),
        "user": user(world, world.store.must("users", row["user_id"])),
        "body": row["body"],
        "state": row["state"],
        "html_url": page,
        "pull_request_url": api,
        "author_association": association(world, repo, row["user_id"]),
        "_links": {"html": {"href": page}, "pull_request": {"href": api}},
        "commit_id": row["commit_sha"],
    }
    if row["submitted_at"]:
        body["submitted_at"] = row["submitted_at"]
    return body


def review_comment(world: World, row: Row) -> dict[str, Any]:
    pull_row = world.store.must("pulls", row["pull_id"])
    repo = world.store.must("repositories", row["repo_id"])
    name, number = world.full_name(repo), pull_row["number"]
    api = f"{world.api}/repos/{name}/pulls/comments/{row['id']}"
    page = f"{world.web}/{name}/pull/{number}#discussion_r{row['id']}"
    parent = f"{world.api}/repos/{name}/pulls/{number}"
    body = {
        "url": api,
        "pull_request_review_id": row["review_id"],
        "id": row["id"],
        "node_id": world.node_id("PRRC", row["id"]),
        "diff_hunk": row["diff_hunk"],
        "path": row["path"],
        "position": row["line"] or 1,
        "original_position": row["line"] or 1,
        "commit_id": row["commit_sha"],
        "original_commit_id": row["commit_sha"],
        "user": user(world, world.store.must("users", row["user_id"])),
        "body": row["body"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "html_url": page,
        "pull_request_url": parent,
        "author_association": association(world, repo, row["user_id"]),
        "_links": {"self": {"href": api}, "html": {"href": page}, "pull_request": {"href": parent}},
        "start_line": row["start_line"],
        "original_start_line": row["start_line"],
        "start_side": row["start_side"],
        "line": row["line"] or 1,
        "original_line": row["line"] or 1,
        "side": row["side"],
        "subject_type": "line",
        "reactions": reactions(world, "review_comment", row["id"], api),
    }
    if row["in_reply_to"]:
        body["in_reply_to_id"] = row["in_reply_to"]
    return body
