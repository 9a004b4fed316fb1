"""REST routes of releases and their assets. The rules are in releases.py."""

from __future__ import annotations

import hashlib
from typing import Any

from . import releases
from .call import ApiError, Call, Reply, invalid, not_found
from .payloads import releases as shown
from .routing import Routes
from .store import Row

WRITE = "contents=write"
READ = "contents=read"

rest = Routes("/api/v3/repos/{owner}/{repo}")
uploads = Routes("/api/uploads/repos/{owner}/{repo}")
routes = [rest, uploads]


@rest.post("/releases", needs=WRITE)
def create_release(call: Call) -> Reply:
    row = releases.create(call, call.body)
    body = shown.release(call.world, row)
    return Reply(201, body, headers={"location": body["url"]})


@rest.get("/releases", needs=READ)
def list_releases(call: Call) -> list[Any]:
    return [shown.release(call.world, row) for row in call.page(releases.listed(call))]


@rest.post("/releases/generate-notes", needs=WRITE)
def generate_notes(call: Call) -> dict[str, str]:
    tag = call.text("tag_name", "Release")
    return {"name": tag, "body": releases.notes(call, tag)}


@rest.get("/releases/latest", needs=READ)
def latest_release(call: Call) -> dict[str, Any]:
    row = releases.latest(call)
    if row is None:
        raise not_found()
    return shown.release(call.world, row)


@rest.get("/releases/tags/{tag:rest}", needs=READ)
def release_by_tag(call: Call) -> dict[str, Any]:
    return shown.release(call.world, releases.by_tag(call, call.params["tag"]))


@rest.get("/releases/{number}", needs=READ)
def get_release(call: Call) -> dict[str, Any]:
    return shown.release(call.world, _release(call))


@rest.patch("/releases/{number}", needs=WRITE)
def update_release(call: Call) -> dict[str, Any]:
    return shown.release(call.world, releases.update(call, _release(call), call.body))


@rest.delete("/releases/{number}", needs=WRITE)
def delete_release(call: Call) -> Reply:
    releases.delete(call, _release(call))
    return Reply(204)


@rest.get("/releases/{number}/assets", needs=READ)
def list_assets(call: Call) -> list[Any]:
    rows = call.store.all("SELECT * FROM assets WHERE release_id = ? ORDER BY id", _release(call)["id"])
    return [shown.asset(call.world, row) for row in call.page(rows)]


@uploads.post("/releases/{number}/assets", needs=WRITE)
def upload_asset(call: Call) -> Reply:
    release = _release(call)
    name = call.query.get("name", "")
    if not name:
        raise invalid("ReleaseAsset", "name", "missing_field")
    if not call.raw:
        raise ApiError(400, "Bad Content-Length: 0")
    if call.store.first("SELECT 1 FROM assets WHERE release_id = ? AND name = ?", release["id"], name):
        raise invalid("ReleaseAsset", "name", "already_exists")
    row = call.store.insert(
        "assets", repo_id=call.repo["id"], release_id=release["id"], name=name, label=call.query.get("label", ""),
        content_type=call.headers.get("content-type", "application/octet-stream"), size=len(call.raw), content=call.raw,
        sha256=hashlib.sha256(call.raw).hexdigest(), uploader_id=call.user["id"], created_at=call.now,
        updated_at=call.now,
    )  # fmt: skip
    call.effect("asset.uploaded", f"{call.repo_name}@{release['tag_name']}", name=name, size=row["size"])
    return Reply(201, shown.asset(call.world, row))


@rest.get("/releases/assets/{number}", needs=READ)
def get_asset(call: Call) -> Reply:
    row = _asset(call)
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return Reply(200, shown.asset(call.world, row))
    call.store.update("assets", row["id"], download_count=row["download_count"] + 1)
    return Reply(200, row["content"], media=row["content_type"])


@rest.patch("/releases/assets/{number}", needs=WRITE)
def update_asset(call: Call) -> dict[str, Any]:
    row = _asset(call)
    values = {name: call.text(name, "ReleaseAsset") for name in ("name", "label") if call.body.get(name) is not None}
    return shown.asset(call.world, call.store.update("assets", row["id"], updated_at=call.now, **values))


@rest.delete("/releases/assets/{number}", needs=WRITE)
def delete_asset(call: Call) -> Reply:
    call.store.delete("assets", _asset(call)["id"])
    return Reply(204)


def _release(call: Call) -> Row:
    return releases.find(call, call.number())


def _asset(call: Call) -> Row:
    row = call.store.get("assets", call.number())
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    releases.find(call, row["release_id"])
    return row
