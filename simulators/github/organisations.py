"""What becomes of organisations: the app is installed there, they are renamed, they vanish and the login is free again.

GitHub has no API for any of it that a plain user could call, so the simulator's own switches do.
"""

from __future__ import annotations

import json
from typing import Any

from . import payloads
from .emission import emit
from .store import Row
from .world import World


def found(world: World, login: str) -> Row:
    """A new organisation with the app installed on all of it. Its number is one that no account had before."""
    account = world.store.insert("users", login=login, type="Organization", name=login, created_at=world.now())
    app = world.app()
    assert app is not None
    install(world, app, account, json.loads(app["permissions_json"]))
    return account


def install(world: World, app: Row, account: Row, permissions: dict[str, Any], selection: str = "all") -> None:
    now = world.now()
    row = world.store.insert(
        "installations", app_id=app["id"], account_id=account["id"], selection=selection,
        permissions_json=json.dumps(permissions), events_json=app["events_json"], created_at=now, updated_at=now,
    )  # fmt: skip
    if selection == "selected":
        for repo in world.store.all("SELECT id FROM repositories WHERE owner_id = ?", account["id"]):
            world.store.put("installation_repositories", installation_id=row["id"], repo_id=repo["id"])
    _announce(world, "created", account, requester=None)


def rename(world: World, account: Row, login: str) -> Row:
    """Its repositories answer under their old names too, until somebody else has them."""
    for repo in world.store.all("SELECT * FROM repositories WHERE owner_id = ?", account["id"]):
        world.store.put("redirects", full_name=world.full_name(repo), repo_id=repo["id"])
    renamed = world.store.update("users", account["id"], login=login)
    emit(
        world, "installation_target", "renamed", repo=None, owner=renamed, sender=renamed,
        account=payloads.user(world, renamed), changes={"login": {"from": account["login"]}},
        target_type=account["type"],
    )  # fmt: skip
    return renamed


def delete(world: World, account: Row) -> None:
    """Everything it had is gone, and anybody may take the login."""
    installation = world.installation_of(account["id"])
    if installation is not None:
        _announce(world, "deleted", account)
        world.store.execute("DELETE FROM tokens WHERE installation_id = ?", installation["id"])
        world.store.delete("installations", installation["id"])
    world.store.execute("DELETE FROM redirects WHERE full_name LIKE ? || '/%'", account["login"])
    world.store.execute("DELETE FROM repositories WHERE owner_id = ?", account["id"])
    world.store.execute("DELETE FROM members WHERE org_id = ?", account["id"])
    world.store.delete("users", account["id"])


def brief(world: World, repo: Row) -> dict[str, Any]:
    return {
        "id": repo["id"],
        "node_id": world.node_id("R", repo["id"]),
        "name": repo["name"],
        "full_name": world.full_name(repo),
        "private": bool(repo["private"]),
    }


def _announce(world: World, action: str, account: Row, **more: Any) -> None:
    """The event that tells an app about its home."""
    row = world.installation_of(account["id"])
    assert row is not None
    emit(
        world, "installation", action, repo=None, owner=account, sender=account,
        installation=payloads.installation(world, row),
        repositories=[brief(world, repo) for repo in world.repositories_of(row)],
        **more,
    )  # fmt: skip
