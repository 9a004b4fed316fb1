"""A repository in its four shapes: minimal, plain, full and as webhooks carry it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..store import Row
from .accounts import user

if TYPE_CHECKING:
    from ..world import World

TEMPLATES = {
    "archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}", "comments": "/comments{/number}",
    "commits": "/commits{/sha}", "compare": "/compare/{base}...{head}", "contents": "/contents/{+path}",
    "contributors": "/contributors", "deployments": "/deployments", "downloads": "/downloads", "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}", "git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks", "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages",
    "merges": "/merges", "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
    "releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers", "subscription": "/subscription", "tags": "/tags", "teams": "/teams",
    "trees": "/git/trees{/sha}",
}  # fmt: skip
SETTINGS = {
    "allow_merge_commit": True,
    "allow_squash_merge": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "allow_update_branch": False,
    "delete_branch_on_merge": False,
    "use_squash_pr_title_as_default": False,
    "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
    "merge_commit_title": "MERGE_MESSAGE",
    "merge_commit_message": "PR_TITLE",
}
FLAGS = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_downloads": True,
    "is_template": False,
    "web_commit_signoff_required": False,
}


def urls(world: World, repo: Row) -> dict[str, str]:
    name = world.full_name(repo)
    api, web = f"{world.api}/repos/{name}", f"{world.web}/{name}"
    host = world.web.partition("://")[2]
    return {
        "html_url": web,
        "url": api,
        **{f"{key}_url": api + tail for key, tail in TEMPLATES.items()},
        "git_url": f"git://{host}/{name}.git",
        "ssh_url": f"git@{host.partition(':')[0]}:{name}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
    }


def minimal_repository(world: World, repo: Row) -> dict[str, Any]:
    return repository(world, repo)


def repository(world: World, repo: Row) -> dict[str, Any]:
    owner = world.owner(repo)
    stored = json.loads(repo["settings_json"])
    opened = world.store.count("SELECT COUNT(*) FROM issues WHERE repo_id = ? AND state = 'open'", repo["id"])
    return {
        "id": repo["id"],
        "node_id": world.node_id("R", repo["id"]),
        "name": repo["name"],
        "full_name": f"{owner['login']}/{repo['name']}",
        "private": bool(repo["private"]),
        "owner": user(world, owner),
        "description": repo["description"],
        "fork": False,
        **urls(world, repo),
        "mirror_url": None,
        "homepage": repo["homepage"],
        "language": None,
        "forks_count": 0,
        "forks": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "size": 1,
        "default_branch": repo["default_branch"],
        "open_issues_count": opened,
        "open_issues": opened,
        "topics": json.loads(repo["topics_json"]),
        **{key: stored.get(key, value) for key, value in FLAGS.items()},
        "has_pages": False,
        "has_discussions": False,
        "archived": bool(repo["archived"]),
        "disabled": False,
        "visibility": "private" if repo["private"] else "public",
        "pushed_at": repo["pushed_at"] or repo["created_at"],
        "created_at": repo["created_at"],
        "updated_at": repo["updated_at"],
        "license": None,
        "allow_forking": True,
    }


def with_settings(repo: Row) -> dict[str, Any]:
    stored = json.loads(repo["settings_json"])
    return {key: stored.get(key, value) for key, value in SETTINGS.items()}


def full_repository(world: World, repo: Row, role: str | None = None) -> dict[str, Any]:
    owner = world.owner(repo)
    body = {**repository(world, repo), **with_settings(repo), "subscribers_count": 0, "network_count": 0}
    if owner["type"] == "Organization":
        body["organization"] = user(world, owner)
    if role is not None:
        body["permissions"] = permissions(role)
    return body


def permissions(role: str) -> dict[str, bool]:
    order = ("none", "read", "triage", "write", "maintain", "admin")
    rank = order.index(role)
    return {"admin": rank >= 5, "maintain": rank >= 4, "push": rank >= 3, "triage": rank >= 2, "pull": rank >= 1}


def webhook_repository(world: World, repo: Row) -> dict[str, Any]:
    return {**repository(world, repo), "custom_properties": {}}
