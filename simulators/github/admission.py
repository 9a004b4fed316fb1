"""The gate before every handler: the repository is found or hidden, and the caller has what the route declares."""

from __future__ import annotations

from .access import can_see, has_role, in_scope, permitted
from .call import ApiError, Call, not_found
from .store import Row
from .world import World

NOT_ACCESSIBLE = "Resource not accessible by integration"
UNAUTHENTICATED = "Requires authentication"
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
    if call.route.who == "anyone":
        return
    version = call.headers.get("x-github-api-version")
    if version is not None and version not in API_VERSIONS:
        raise ApiError(400, "Invalid API version")
    _check_kind(call)
    if call.actor.kind == "anonymous":
        _admit_anonymous(call)
    elif call.actor.kind == "installation":
        _admit_installation(call)
    elif call.actor.kind == "user":
        _admit_user(call)


def _check_kind(call: Call) -> None:
    who, kind = call.route.who, call.actor.kind
    if (who == "app") != (kind == "app"):
        raise ApiError(401, "A JSON web token could not be decoded" if who == "app" else "Bad credentials")
    if who == "user-token" and kind != "user":
        raise ApiError(403, NOT_ACCESSIBLE) if kind == "installation" else ApiError(401, UNAUTHENTICATED)
    if who == "installation" and kind != "installation":
        raise ApiError(403, "You must authenticate via a GitHub App.")


def _admit_anonymous(call: Call) -> None:
    """Reading what is public, and nothing that belongs to an account."""
    private = call.repo_row is None and call.route.needs and "metadata=read" not in call.route.needs
    if call.route.writes or private:
        raise ApiError(401, UNAUTHENTICATED)


def _admit_user(call: Call) -> None:
    role = call.route.role
    if call.repo_row is not None and not has_role(call.world, call.repo_row, call.actor.user, role):
        wanted = "admin rights" if role == "admin" else f"{role} access"
        raise ApiError(403, f"Must have {wanted} to Repository.")


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
