"""Users, organisations, the app and its installations as GitHub writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..store import Row

if TYPE_CHECKING:
    from ..world import World

PREFIX = {"User": "U", "Organization": "O", "Bot": "BOT"}


def user(world: World, row: Row) -> dict[str, Any]:
    login, api = row["login"], f"{world.api}/users/{row['login']}"
    page = f"{world.web}/apps/{login.removesuffix('[bot]')}" if row["type"] == "Bot" else f"{world.web}/{login}"
    return {
        "login": login,
        "id": row["id"],
        "node_id": world.node_id(PREFIX[row["type"]], row["id"]),
        "avatar_url": f"{world.web}/avatars/u/{row['id']}?v=4",
        "gravatar_id": "",
        "url": api.replace("[", "%5B").replace("]", "%5D"),
        "html_url": page,
        **{
            f"{name}_url": f"{api}/{tail}".replace("[", "%5B").replace("]", "%5D")
            for name, tail in (
                ("followers", "followers"),
                ("following", "following{/other_user}"),
                ("gists", "gists{/gist_id}"),
                ("starred", "starred{/owner}{/repo}"),
                ("subscriptions", "subscriptions"),
                ("organizations", "orgs"),
                ("repos", "repos"),
                ("events", "events{/privacy}"),
                ("received_events", "received_events"),
            )
        },
        "type": row["type"],
        "user_view_type": "public",
        "site_admin": False,
    }


def organisation(world: World, row: Row) -> dict[str, Any]:
    api = f"{world.api}/orgs/{row['login']}"
    return {
        "login": row["login"],
        "id": row["id"],
        "node_id": world.node_id("O", row["id"]),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{world.web}/avatars/u/{row['id']}?v=4",
        "description": row["description"] or "",
    }


def app(world: World, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "slug": row["slug"],
        "node_id": world.node_id("A", row["id"]),
        "client_id": row["client_id"],
        "owner": user(world, world.store.must("users", row["owner_id"])),
        "name": row["name"],
        "description": "",
        "external_url": world.web,
        "html_url": f"{world.web}/apps/{row['slug']}",
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
        "permissions": json.loads(row["permissions_json"]),
        "events": json.loads(row["events_json"]),
    }


def installation(world: World, row: Row) -> dict[str, Any]:
    account = world.store.must("users", row["account_id"])
    application = world.store.must("apps", row["app_id"])
    suspender = world.store.get("users", row["suspended_by"]) if row["suspended_by"] else None
    settings = "organizations/" + account["login"] if account["type"] == "Organization" else "settings"
    return {
        "id": row["id"],
        "account": user(world, account),
        "repository_selection": row["selection"],
        "access_tokens_url": f"{world.api}/app/installations/{row['id']}/access_tokens",
        "repositories_url": f"{world.api}/installation/repositories",
        "html_url": f"{world.web}/{settings}/settings/installations/{row['id']}",
        "app_id": row["app_id"],
        "client_id": application["client_id"],
        "app_slug": application["slug"],
        "target_id": account["id"],
        "target_type": account["type"],
        "permissions": json.loads(row["permissions_json"]),
        "events": json.loads(row["events_json"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(world, suspender) if suspender else None,
        "suspended_at": row["suspended_at"],
    }


def association(world: World, repo: Row, user_id: int) -> str:
    """How GitHub labels an author. It is a label only: nobody's permission may be read out of it."""
    if user_id == repo["owner_id"]:
        return "OWNER"
    if world.store.first("SELECT 1 FROM members WHERE org_id = ? AND user_id = ?", repo["owner_id"], user_id):
        return "MEMBER"
    if world.store.first("SELECT 1 FROM collaborators WHERE repo_id = ? AND user_id = ?", repo["id"], user_id):
        return "COLLABORATOR"
    return "NONE"
