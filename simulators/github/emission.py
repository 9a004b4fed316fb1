"""Stores one webhook per event for the installation that covers the repository; sending is another file's work."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from . import payloads
from .store import Row
from .world import World


def emit(
    world: World,
    event: str,
    action: str | None,
    *,
    repo: Row | None,
    sender: Row,
    owner: Row | None = None,
    **payload: Any,
) -> None:
    """Store one webhook for the installation that covers the repository; it is sent after this transaction commits."""
    account = world.owner(repo) if repo else owner
    installation = world.installation_of(account["id"]) if account else None
    if account is None or installation is None:
        return
    covers = repo is None or world.installed_on(installation, repo)
    always = event.startswith("installation")
    if not covers or (installation["suspended_at"] and not always):
        return
    if not always and event not in json.loads(installation["events_json"]):
        return
    body: dict[str, Any] = {"action": action} if action else {}
    body.update(payload)
    if repo is not None:
        body.setdefault("repository", payloads.webhook_repository(world, repo))
    if account["type"] == "Organization" and not always:
        body.setdefault("organization", payloads.organisation(world, account))
    body.setdefault("installation", {"id": installation["id"], "node_id": world.node_id("MDM", installation["id"])})
    body.setdefault("sender", payloads.user(world, sender))
    if world.on_emit:
        world.on_emit(event, action, body)
    world.store.insert(
        "deliveries", guid=str(uuid4()), event=event, action=action, installation_id=installation["id"],
        repo_id=repo["id"] if repo else None, payload=json.dumps(body), created_at=world.now(),
    )  # fmt: skip
