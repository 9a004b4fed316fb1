"""The app about itself, with its JWT: identity, installations, installation tokens."""

from __future__ import annotations

import json
import secrets
from typing import Any

from . import payloads
from .access import LEVELS
from .call import ApiError, Call, Reply, not_found
from .emission import emit
from .routing import Routes
from .store import Row

routes = Routes("/api/v3")
TOKEN_SECONDS = 3600
MAX_NARROWED = 500


@routes.get("/app", who="app")
def get_app(call: Call) -> Any:
    count = call.store.count("SELECT COUNT(*) FROM installations WHERE app_id = ?", _app(call)["id"])
    return {**payloads.app(call.world, _app(call)), "installations_count": count}


@routes.get("/app/installations", who="app")
def list_installations(call: Call) -> Any:
    rows = call.store.all("SELECT * FROM installations WHERE app_id = ? ORDER BY id", _app(call)["id"])
    return [payloads.installation(call.world, row) for row in call.page(rows)]


@routes.get("/app/installations/{id}", who="app")
def get_installation(call: Call) -> Any:
    return payloads.installation(call.world, _installation(call))


@routes.delete("/app/installations/{id}", who="app")
def delete_installation(call: Call) -> Any:
    row = _installation(call)
    account = call.store.must("users", row["account_id"])
    shown = payloads.installation(call.world, row)
    emit(
        call.world,
        "installation",
        "deleted",
        repo=None,
        owner=account,
        sender=account,
        installation=shown,
        repositories=[],
    )
    call.store.execute("DELETE FROM tokens WHERE installation_id = ?", row["id"])
    call.store.execute("DELETE FROM installation_repositories WHERE installation_id = ?", row["id"])
    call.store.delete("installations", row["id"])
    call.effect("installation.deleted", account["login"])
    return Reply(204)


@routes.put("/app/installations/{id}/suspended", who="app")
def suspend(call: Call) -> Any:
    return _suspend(call, on=True)


@routes.delete("/app/installations/{id}/suspended", who="app")
def unsuspend(call: Call) -> Any:
    return _suspend(call, on=False)


def _suspend(call: Call, *, on: bool) -> Reply:
    row = _installation(call)
    account = call.store.must("users", row["account_id"])
    action = "suspend" if on else "unsuspend"
    row = call.store.update(
        "installations", row["id"], suspended_at=call.now if on else None, suspended_by=account["id"] if on else None,
        updated_at=call.now,
    )  # fmt: skip
    call.effect(f"installation.{action}", account["login"])
    shown = payloads.installation(call.world, row)
    emit(
        call.world,
        "installation",
        action,
        repo=None,
        owner=account,
        sender=account,
        installation=shown,
        repositories=[],
    )
    return Reply(204)


@routes.post("/app/installations/{id}/access_tokens", who="app")
def create_token(call: Call) -> Any:
    row = _installation(call)
    if row["suspended_at"]:
        raise ApiError(403, "This installation has been suspended")
    permissions = _narrowed_permissions(row, call.body.get("permissions"))
    repositories = _narrowed_repositories(call, row)
    token = "ghs_" + secrets.token_urlsafe(387)
    if call.headers.get("x-github-stateless-s2s-token") == "disabled":
        token = "ghs_" + secrets.token_hex(18)
    expires = call.world.stamp(call.world.time() + TOKEN_SECONDS)
    call.store.put(
        "tokens", token=token, kind="installation", installation_id=row["id"], permissions_json=json.dumps(permissions),
        repositories_json=json.dumps([repo["id"] for repo in repositories]) if repositories else None,
        expires_at=expires,
    )  # fmt: skip
    account = call.store.must("users", row["account_id"])["login"]
    call.effect(
        "token.created", account, permissions=permissions, repositories=[repo["name"] for repo in repositories or ()]
    )
    selection = "selected" if repositories else row["selection"]
    body = {"token": token, "expires_at": expires, "permissions": permissions, "repository_selection": selection}
    if repositories:
        body["repositories"] = [payloads.repository(call.world, repo) for repo in repositories]
    return Reply(201, body)


def _narrowed_permissions(row: Row, asked: object) -> dict[str, str]:
    granted: dict[str, str] = json.loads(row["permissions_json"])
    if asked is None:
        return granted
    if not isinstance(asked, dict):
        raise ApiError(422, "Invalid request.\n\npermissions is not an object.")
    for name, level in asked.items():
        if level not in LEVELS or LEVELS.index(granted.get(name, "none")) < LEVELS.index(level):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    return {**asked, "metadata": "read"}


def _narrowed_repositories(call: Call, row: Row) -> list[Row] | None:
    names, ids = call.body.get("repositories"), call.body.get("repository_ids")
    if names is None and ids is None:
        return None
    if len(names or ()) + len(ids or ()) > MAX_NARROWED:
        raise ApiError(422, f"At most {MAX_NARROWED} repositories can be named.")
    reachable = call.world.repositories_of(row)
    found = [repo for repo in reachable if repo["id"] in (ids or ()) or repo["name"] in (names or ())]
    if len(found) < len({*(names or ())}) + len({*(ids or ())}):
        raise ApiError(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return found


@routes.get("/orgs/{org}/installation", who="app")
def organisation_installation(call: Call) -> Any:
    return _installation_of_login(call, call.params["org"], "Organization")


@routes.get("/users/{username}/installation", who="app")
def user_installation(call: Call) -> Any:
    return _installation_of_login(call, call.params["username"], None)


@routes.get("/repos/{own}/{name}/installation", who="app")
def repository_installation(call: Call) -> Any:
    repo = call.world.repository(call.params["own"], call.params["name"])
    row = call.world.installation_of(repo["owner_id"]) if repo else None
    if repo is None or row is None or not call.world.installed_on(row, repo):
        raise not_found()
    return payloads.installation(call.world, row)


def _installation_of_login(call: Call, login: str, kind: str | None) -> Any:
    account = call.world.user(login)
    row = call.world.installation_of(account["id"]) if account else None
    if account is None or row is None or kind not in (None, account["type"]):
        raise not_found()
    return payloads.installation(call.world, row)


def _app(call: Call) -> Row:
    if call.actor.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return call.actor.app


def _installation(call: Call) -> Row:
    row = call.store.get("installations", call.number("id"))
    if row is None or row["app_id"] != _app(call)["id"]:
        raise not_found()
    return row
