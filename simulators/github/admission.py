"""The gate before every handler: the repository is found or hidden, and the caller has what the route declares."""

from __future__ import annotations

from .access import can_see, has_role, in_scope, permitted
from .call import ApiError, Call, not_found
from .store import Row
from .world import World

NOT_ACCESSIBLE = "Resource not accessible by integration"
API_VERSIONS = ("2022-11-28", "2026-03-10")


def load_repository(world: World, call: Call) -> Row:
    """Raises 404 for a repository that is absent or hidden, 301 for one that has been renamed."""
    owner, name = call.params["owner"], call.params["repo"]
    repo = world.repository(owner, name)
    if repo is None:
        moved = world.store.first("SELECT repo_id FROM redirects WHERE full_name = ?", f"{owner}/{name}")
        target = world.store.get("repositories", moved["repo_id"]) if moved else None
        if target is None or not can_see(world, call.actor, target):
            raise not_found()
        rest = call.path.partition(f"/repos/{owner}/{name}")[2]
        location = f"{world.api}/repositories/{target['id']}{rest}"
        raise ApiError(301, "Moved Permanently", headers={"location": location})
    if call.route.who != "anyone" and not can_see(world, call.actor, repo):
        raise not_found()
    return repo


def admit(call: Call) -> None:
    """Deny by default: each kind of caller must satisfy what the route says."""
    who, actor = call.route.who, call.actor
    if who == "anyone":
        return
    version = call.headers.get("x-github-api-version")
    if version is not None and version not in API_VERSIONS:
        raise ApiError(400, "Invalid API version")
    if who == "app":
        if actor.kind != "app":
            raise ApiError(401, "A JSON web token could not be decoded")
        return
    if actor.kind == "app":
        raise ApiError(401, "Bad credentials")
    if who == "user-token" and actor.kind != "user":
        raise ApiError(403, NOT_ACCESSIBLE) if actor.kind == "installation" else ApiError(401, "Requires authentication")
    if who == "installation" and actor.kind != "installation":
        raise ApiError(403, "You must authenticate via a GitHub App.")
    if actor.kind == "anonymous":
        if call.route.writes:
            raise ApiError(401, "Requires authentication")
        if call.repo_row is None and call.route.needs and "metadata=read" not in call.route.needs:
            raise ApiError(401, "Requires authentication")
        return
    if actor.kind == "installation":
        _admit_installation(call)
    elif call.repo_row is not None and not has_role(call.world, call.repo_row, actor.user, call.route.role):
        wanted = call.route.role
        message = "Must have admin rights to Repository." if wanted == "admin" else f"Must have {wanted} access to Repository."
        raise ApiError(403, message)


def _admit_installation(call: Call) -> None:
    needs, actor, repo = call.route.needs, call.actor, call.repo_row
    if repo is not None and not in_scope(call.world, actor, repo):
        # A public repository elsewhere may be read by anybody; it is not ours to write.
        if "=write" in needs or call.route.writes:
            raise refusal(needs)
        return
    if not permitted(actor.permissions, needs):
        raise refusal(needs)


def refusal(needs: str) -> ApiError:
    return ApiError(403, NOT_ACCESSIBLE, headers={"x-accepted-github-permissions": needs})
