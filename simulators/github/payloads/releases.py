"""Releases and their assets as GitHub's REST API and webhooks show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..store import Row
from .accounts import user

if TYPE_CHECKING:
    from ..world import World


def release(world: World, row: Row) -> dict[str, Any]:
    repo = world.store.must("repositories", row["repo_id"])
    name = world.full_name(repo)
    url = f"{world.api}/repos/{name}/releases/{row['id']}"
    tag = quote(row["tag_name"], safe="")
    # A draft has no tag yet, so its page has an address of its own and there is nothing to download.
    place = f"untagged-{row['id']}" if row["draft"] else tag
    assets = world.store.all("SELECT * FROM assets WHERE release_id = ? ORDER BY id", row["id"])
    return {
        "id": row["id"],
        "node_id": world.node_id("RE", row["id"]),
        "url": url,
        "html_url": f"{world.web}/{name}/releases/tag/{place}",
        "assets_url": f"{url}/assets",
        "upload_url": f"{world.web}/api/uploads/repos/{name}/releases/{row['id']}/assets{{?name,label}}",
        "tarball_url": None if row["draft"] else f"{world.api}/repos/{name}/tarball/{tag}",
        "zipball_url": None if row["draft"] else f"{world.api}/repos/{name}/zipball/{tag}",
        "tag_name": row["tag_name"],
        "target_commitish": row["target_commitish"],
        "name": row["name"],
        "body": row["body"],
        "draft": bool(row["draft"]),
        "prerelease": bool(row["prerelease"]),
        "immutable": False,
        "author": user(world, world.store.must("users", row["author_id"])),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "published_at": row["published_at"],
        "assets": [asset(world, each) for each in assets],
    }


def asset(world: World, row: Row) -> dict[str, Any]:
    repo = world.store.must("repositories", row["repo_id"])
    found = world.store.must("releases", row["release_id"])
    name = world.full_name(repo)
    tag = quote(found["tag_name"], safe="")
    return {
        "id": row["id"],
        "node_id": world.node_id("RA", row["id"]),
        "url": f"{world.api}/repos/{name}/releases/assets/{row['id']}",
        "browser_download_url": f"{world.web}/{name}/releases/download/{tag}/{quote(row['name'])}",
        "name": row["name"],
        "label": row["label"],
        "state": "uploaded",
        "content_type": row["content_type"],
        "size": row["size"],
        "digest": f"sha256:{row['sha256']}",
        "download_count": row["download_count"],
        "uploader": user(world, world.store.must("users", row["uploader_id"])),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
