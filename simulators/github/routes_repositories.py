"""Repositories: born in an organisation (also by an app), read by name or number, changed; who may do what in them."""

from __future__ import annotations

import json
import re
from typing import Any

from . import payloads
from .access import can_see, in_scope, role_of
from .call import ApiError, Call, Reply, invalid, not_found
from .emission import emit
from .organisations import brief
from .payloads.repositories import FLAGS, SETTINGS
from .ref_events import refs_changed
from .repository_birth import create_repository, signature_of
from .routing import Routes
from .store import Row
from .world import RefChange

routes = Routes("/api/v3")
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
LEGACY = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read", "none": "none"}


@routes.post("/orgs/{org}/repos", needs="administration=write")
def create_in_organisation(call: Call) -> Any:
    owner = call.world.user(call.params["org"])
    if owner is None or owner["type"] != "Organization":
        raise not_found()
    if call.actor.kind == "installation":
        installation = call.actor.installation
        if installation is None or installation["account_id"] != owner["id"]:
            raise ApiError(403, "Resource not accessible by integration")
    else:
        member = call.store.first(
            "SELECT role FROM members WHERE org_id = ? AND user_id = ?", owner["id"], call.user["id"]
        )
        if member is None:
            raise ApiError(403, "You need admin access to the organization before adding a repository to it.")
    return _create(call, owner)


@routes.post("/user/repos", who="user-token")
def create_for_user(call: Call) -> Any:
    return _create(call, call.user)


def _create(call: Call, owner: Row) -> Reply:
    body, name = call.body, call.text("name", "Repository")
    if not NAME.fullmatch(name) or name in (".", "..") or name.endswith(".git"):
        raise invalid("Repository", "name", "custom", "name is invalid")
    if call.world.repository(owner["login"], name):
        message = "name already exists on this account"
        raise ApiError(
            422, "Repository creation failed.",
            errors=[{"resource": "Repository", "code": "custom", "field": "name", "message": message}],
        )  # fmt: skip
    private = bool(body.get("private")) or body.get("visibility") == "private"
    settings = {key: body[key] for key in (*SETTINGS, *FLAGS) if key in body}
    files = None
    if body.get("auto_init"):
        text = f"# {name}\n" + (f"{body['description']}\n" if body.get("description") else "")
        files = {"README.md": text.encode("utf-8")}
    repo = create_repository(
        call.world, owner, name, private=private, description=body.get("description"), homepage=body.get("homepage"),
        settings_json=json.dumps(settings), files=files, author=signature_of(call.world, call.user),
    )  # fmt: skip
    call.repo_row = repo
    if call.actor.kind == "user" and owner["id"] != call.user["id"]:
        call.store.put("collaborators", repo_id=repo["id"], user_id=call.user["id"], role="admin")
    call.effect("repository.created", call.repo_name, repository=repo["id"])
    _join_installation(call, repo)
    call.emit("repository", "created")
    tip = call.git.refs.get(f"refs/heads/{repo['default_branch']}")
    if tip:
        refs_changed(call.world, repo, [RefChange(f"refs/heads/{repo['default_branch']}", None, tip, call.user)])
    role = "admin" if call.actor.kind == "user" else None
    shown = payloads.full_repository(call.world, call.store.must("repositories", repo["id"]), role)
    return Reply(201, shown, {"location": shown["url"]})


def _join_installation(call: Call, repo: Row) -> None:
    """A repository that the app makes belongs to its installation at once, even when repositories are selected."""
    installation = call.actor.installation
    if installation is None or installation["selection"] != "selected":
        return
    call.store.put("installation_repositories", installation_id=installation["id"], repo_id=repo["id"])
    emit(
        call.world, "installation_repositories", "added", repo=None, owner=call.world.owner(repo), sender=call.user,
        installation=payloads.installation(call.world, installation), repository_selection="selected",
        repositories_added=[brief(call.world, repo)], repositories_removed=[], requester=None,
    )  # fmt: skip


@routes.get("/orgs/{org}/repos", who="token", needs="metadata=read")
def list_organisation(call: Call) -> Any:
    owner = call.world.user(call.params["org"])
    if owner is None or owner["type"] != "Organization":
        raise not_found()
    rows = call.store.all("SELECT * FROM repositories WHERE owner_id = ? ORDER BY id DESC", owner["id"])
    seen = [row for row in rows if can_see(call.world, call.actor, row)]
    return [payloads.minimal_repository(call.world, row) for row in call.page(seen)]


@routes.get("/repos/{owner}/{repo}", needs="metadata=read")
def get_repository(call: Call) -> Any:
    return payloads.full_repository(call.world, call.repo, _role(call))


@routes.get("/repositories/{id}", who="token")
def get_by_id(call: Call) -> Any:
    repo = call.store.get("repositories", call.number("id"))
    if repo is None or not can_see(call.world, call.actor, repo):
        raise not_found()
    call.repo_row = repo
    return payloads.full_repository(call.world, repo, _role(call))


def _role(call: Call) -> str:
    if call.actor.kind == "installation" and in_scope(call.world, call.actor, call.repo):
        return "read"
    return role_of(call.world, call.repo, call.actor.user)


@routes.patch("/repos/{owner}/{repo}", needs="administration=write")
def change_repository(call: Call) -> Any:
    body, repo = call.body, call.repo
    settings = json.loads(repo["settings_json"])
    settings.update({key: body[key] for key in (*SETTINGS, *FLAGS) if key in body})
    values: dict[str, Any] = {"settings_json": json.dumps(settings), "updated_at": call.now}
    values.update({key: body[key] for key in ("description", "homepage") if key in body})
    actions: list[tuple[str, dict[str, Any]]] = []
    if "private" in body or "visibility" in body:
        private = bool(body.get("private", body.get("visibility") == "private"))
        if private != bool(repo["private"]):
            values["private"] = int(private)
            actions.append(("privatized" if private else "publicized", {}))
    if "archived" in body and bool(body["archived"]) != bool(repo["archived"]):
        values["archived"] = int(body["archived"])
        actions.append(("archived" if body["archived"] else "unarchived", {}))
    if body.get("default_branch") and body["default_branch"] != repo["default_branch"]:
        if call.git.refs.get(f"refs/heads/{body['default_branch']}") is None:
            raise ApiError(422, "Validation Failed", errors=["default_branch: the branch was not found"])
        values["default_branch"] = body["default_branch"]
        call.git.set_head(body["default_branch"])
    if body.get("name") and body["name"] != repo["name"]:
        values["name"] = _new_name(call, body["name"])
        actions.append(("renamed", {"changes": {"repository": {"name": {"from": repo["name"]}}}}))
    call.repo_row = call.store.update("repositories", repo["id"], **values)
    call.effect("repository.changed", call.repo_name, fields=sorted(body))
    for action, more in actions:
        call.emit("repository", action, **more)
    return payloads.full_repository(call.world, call.repo, _role(call))


def _new_name(call: Call, name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid("Repository", "name", "custom", "name is invalid")
    taken = call.world.repository(call.params["owner"], name)
    if taken and taken["id"] != call.repo["id"]:
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    call.store.put("redirects", full_name=call.repo_name, repo_id=call.repo["id"])
    call.store.execute("DELETE FROM redirects WHERE full_name = ?", f"{call.params['owner']}/{name}")
    return name


@routes.put("/repos/{owner}/{repo}/topics", needs="administration=write")
def replace_topics(call: Call) -> Any:
    names = call.body.get("names")
    if not isinstance(names, list):
        raise invalid("Repository", "names", "missing_field")
    call.store.update("repositories", call.repo["id"], topics_json=json.dumps([str(name).lower() for name in names]))
    call.effect("repository.topics", call.repo_name, topics=names)
    return {"names": names}


@routes.get("/repos/{owner}/{repo}/topics", needs="metadata=read")
def get_topics(call: Call) -> Any:
    return {"names": json.loads(call.repo["topics_json"])}


@routes.get("/repos/{owner}/{repo}/collaborators/{username}/permission", needs="metadata=read")
def collaborator_permission(call: Call) -> Any:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found()
    role = role_of(call.world, call.repo, user)
    flags = payloads.permissions(role)
    shown = {**payloads.user(call.world, user), "permissions": flags, "role_name": role}
    return {"permission": LEGACY[role], "role_name": role, "user": shown}


@routes.get("/repos/{owner}/{repo}/collaborators/{username}", needs="metadata=read")
def is_collaborator(call: Call) -> Any:
    user = call.world.user(call.params["username"])
    if user is None or role_of(call.world, {**call.repo, "private": 1}, user) == "none":
        raise not_found()
    return Reply(204)


@routes.put("/repos/{owner}/{repo}/collaborators/{username}", needs="administration=write")
def add_collaborator(call: Call) -> Any:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found()
    role = {"pull": "read", "push": "write"}.get(
        call.body.get("permission", "push"), call.body.get("permission", "write")
    )
    call.store.put("collaborators", repo_id=call.repo["id"], user_id=user["id"], role=role)
    call.effect("collaborator.added", f"{call.repo_name}:{user['login']}", role=role)
    return Reply(204)


@routes.delete("/repos/{owner}/{repo}/collaborators/{username}", needs="administration=write")
def remove_collaborator(call: Call) -> Any:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found()
    call.store.execute("DELETE FROM collaborators WHERE repo_id = ? AND user_id = ?", call.repo["id"], user["id"])
    call.effect("collaborator.removed", f"{call.repo_name}:{user['login']}")
    return Reply(204)


@routes.delete("/repos/{owner}/{repo}", needs="administration=write")
def delete_repository(call: Call) -> Any:
    name = call.repo_name
    call.emit("repository", "deleted")
    call.effect("repository.deleted", name)
    call.store.delete("repositories", call.repo["id"])
    call.world.forget_git(call.repo["id"])
    return Reply(204)
