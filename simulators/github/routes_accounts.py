"""Users, organisations and what a token can reach: /user, /users, /orgs, /installation, /rate_limit, /meta."""

from __future__ import annotations

from typing import Any

from . import payloads
from .access import Actor, in_scope, role_of
from .call import Call, Reply, not_found
from .routing import Routes
from .store import Row

routes = Routes("/api/v3")


@routes.get("/user", who="user-token")
def current_user(call: Call) -> Any:
    return _profile(call, call.user)


@routes.get("/users/{username}", who="token")
def get_user(call: Call) -> Any:
    return _profile(call, _account(call, call.params["username"]))


@routes.get("/orgs/{org}", who="token")
def get_organisation(call: Call) -> Any:
    row = _account(call, call.params["org"])
    if row["type"] != "Organization":
        raise not_found()
    return {
        **payloads.organisation(call.world, row),
        "name": row["name"] or row["login"],
        "html_url": f"{call.world.web}/{row['login']}",
        "type": "Organization",
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": call.store.count(
            "SELECT COUNT(*) FROM repositories WHERE owner_id = ? AND private = 0", row["id"]
        ),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
        "archived_at": None,
    }


@routes.get("/orgs/{org}/members/{username}", who="token")
def check_membership(call: Call) -> Any:
    organisation, user = _account(call, call.params["org"]), _account(call, call.params["username"])
    found = call.store.first("SELECT 1 FROM members WHERE org_id = ? AND user_id = ?", organisation["id"], user["id"])
    if found is None:
        raise not_found()
    return Reply(204)


@routes.get("/installation/repositories", who="installation", needs="metadata=read")
def installation_repositories(call: Call) -> Any:
    actor: Actor = call.actor
    assert actor.installation is not None
    rows = [repo for repo in call.world.repositories_of(actor.installation) if in_scope(call.world, actor, repo)]
    shown = [payloads.repository(call.world, row) for row in call.page(rows)]
    selection = "selected" if actor.repositories is not None else actor.installation["selection"]
    return {"total_count": len(rows), "repository_selection": selection, "repositories": shown}


@routes.delete("/installation/token", who="installation", needs="metadata=read")
def revoke_token(call: Call) -> Any:
    token = call.headers.get("authorization", "").partition(" ")[2].strip()
    call.store.execute("DELETE FROM tokens WHERE token = ?", token)
    call.effect("token.revoked", call.actor.name)
    return Reply(204)


@routes.get("/user/repos", who="user-token")
def user_repositories(call: Call) -> Any:
    rows = call.store.all("SELECT * FROM repositories ORDER BY id")
    mine = [row for row in rows if _belongs(call, row)]
    return [payloads.repository(call.world, row) for row in call.page(mine)]


def _belongs(call: Call, repo: Row) -> bool:
    """Public repositories of strangers can be read, but are not one's own."""
    return role_of(call.world, {**repo, "private": 1}, call.user) != "none"


@routes.get("/rate_limit", who="token")
def rate_limit(call: Call) -> Any:
    window = {"limit": 5000, "used": 1, "remaining": 4999, "reset": int(call.world.time()) + 3600}
    return {"resources": {"core": window, "search": window, "graphql": window}, "rate": window}


@routes.get("/meta", who="token")
def meta(_call: Call) -> Any:
    return {"verifiable_password_authentication": False, "installed_version": "3.19.0"}


def _account(call: Call, login: str) -> Row:
    row = call.world.user(login)
    if row is None:
        raise not_found()
    return row


def _profile(call: Call, row: Row) -> dict[str, Any]:
    owned = call.store.count("SELECT COUNT(*) FROM repositories WHERE owner_id = ? AND private = 0", row["id"])
    return {
        **payloads.user(call.world, row),
        "name": row["name"],
        "company": None,
        "blog": "",
        "location": None,
        "email": row["email"],
        "hireable": None,
        "bio": None,
        "public_repos": owned,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
        **(_private(call) if call.actor.kind == "user" and row["id"] == call.user["id"] else {}),
    }


def _private(call: Call) -> dict[str, Any]:
    if call.path != "/api/v3/user":
        return {}
    counts = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
    return {**dict.fromkeys(counts, 0), "two_factor_authentication": False}
