"""The app's webhook and its deliveries, with its JWT: list, read, redeliver. Redelivery happens only when asked for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from .call import ApiError, Call, Reply, not_found
from .routing import Routes
from .store import Row

routes = Routes("/api/v3")
KEPT_SECONDS = 3 * 24 * 3600


@routes.get("/app/hook/config", who="app")
def hook_config(call: Call) -> Any:
    app = call.actor.app or {}
    config = {"content_type": "json", "insecure_ssl": "0", "url": app.get("webhook_url") or ""}
    return {**config, "secret": "********"} if app.get("webhook_secret") else config


@routes.patch("/app/hook/config", who="app")
def change_hook_config(call: Call) -> Any:
    app = call.actor.app or {}
    changes = {f"webhook_{name}": call.body[name] for name in ("url", "secret") if name in call.body}
    call.actor.app.update(call.store.update("apps", app["id"], **changes))  # type: ignore[union-attr]
    call.effect("hook.changed", app["slug"])
    return hook_config(call)


@routes.get("/app/hook/deliveries", who="app")
def list_deliveries(call: Call) -> Any:
    status, cursor = call.query.get("status"), call.query.get("cursor", "")
    if status not in (None, "success", "failure"):
        raise ApiError(422, "Invalid status")
    size = min(max(call.query_number("per_page", 30), 1), 100)
    before = int(cursor.removeprefix("v1_")) if cursor.removeprefix("v1_").isdigit() else 1 << 60
    good = {
        "success": "AND status_code BETWEEN 200 AND 399",
        "failure": "AND status_code NOT BETWEEN 200 AND 399",
        None: "",
    }
    since = call.world.stamp(call.world.time() - KEPT_SECONDS)
    rows = call.store.all(
        "SELECT * FROM deliveries WHERE pending = 0 AND id < ? AND delivered_at >= ?"
        f" {good[status]} ORDER BY id DESC LIMIT ?",
        before, since, size + 1,
    )  # fmt: skip
    if len(rows) > size:
        query = urlencode({**call.query, "cursor": f"v1_{rows[size - 1]['id']}"})
        call.reply_headers["link"] = f'<{call.world.web}{call.path}?{query}>; rel="next"'
    return [_item(row) for row in rows[:size]]


@routes.get("/app/hook/deliveries/{id}", who="app")
def get_delivery(call: Call) -> Any:
    row = _delivery(call)
    return {
        **_item(row),
        "url": row["url"] or "",
        "request": {"headers": json.loads(row["request_headers_json"]) or None, "payload": json.loads(row["payload"])},
        "response": {"headers": json.loads(row["response_headers_json"]) or None, "payload": row["response_body"]},
    }


@routes.post("/app/hook/deliveries/{id}/attempts", who="app")
def redeliver(call: Call) -> Any:
    """The same GUID and the same payload, as a delivery of its own."""
    row = _delivery(call)
    call.store.insert(
        "deliveries", guid=row["guid"], event=row["event"], action=row["action"],
        installation_id=row["installation_id"], repo_id=row["repo_id"], payload=row["payload"], redelivery=1,
        created_at=call.now,
    )  # fmt: skip
    call.effect("delivery.redelivered", row["guid"])
    return Reply(202, {})


def _item(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "guid": row["guid"],
        "delivered_at": row["delivered_at"],
        "redelivery": bool(row["redelivery"]),
        "duration": row["duration"],
        "status": row["status"],
        "status_code": row["status_code"],
        "event": row["event"],
        "action": row["action"],
        "installation_id": row["installation_id"],
        "repository_id": row["repo_id"],
        "throttled_at": None,
    }


def _delivery(call: Call) -> Row:
    row = call.store.get("deliveries", call.number("id"))
    if row is None or row["pending"]:
        raise not_found()
    return row
