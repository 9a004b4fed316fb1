"""Releases: a draft holds no tag, publishing makes one, and each step tells the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def base(fresh: Callable[..., str]) -> str:
    return f"/repos/{fresh()}"


@pytest.mark.checklist("G30")
def test_a_draft_makes_no_tag_until_it_is_published(github: Any, base: str) -> None:
    bot = github.bot()
    draft = bot.post(f"{base}/releases", json={"tag_name": "v0.1.0", "draft": True}).json()
    assert draft["published_at"] is None
    assert bot.get(f"{base}/git/ref/tags/v0.1.0").status_code == 404
    assert bot.get(f"{base}/releases/tags/v0.1.0").status_code == 404
    assert bot.get(f"{base}/releases/latest").status_code == 404
    published = bot.patch(f"{base}/releases/{draft['id']}", json={"draft": False}).json()
    assert published["published_at"]
    head = bot.get(f"{base}/git/ref/heads/main").json()["object"]["sha"]
    assert bot.get(f"{base}/git/ref/tags/v0.1.0").json()["object"]["sha"] == head
    assert bot.get(f"{base}/releases/tags/v0.1.0").json()["id"] == draft["id"]


def test_an_existing_tag_is_kept(github: Any, base: str) -> None:
    bot = github.bot()
    old = bot.get(f"{base}/git/ref/heads/main").json()["object"]["sha"]
    bot.post(f"{base}/git/refs", json={"ref": "refs/tags/v1.0.0", "sha": old})
    github.commit(bot, base.removeprefix("/repos/"), "main", {"a": "b"})
    assert bot.post(f"{base}/releases", json={"tag_name": "v1.0.0"}).status_code == 201
    assert bot.get(f"{base}/git/ref/tags/v1.0.0").json()["object"]["sha"] == old


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tag_name": ""},
        {"tag_name": "has space"},
        {"tag_name": "v1..2"},
        {"tag_name": "v9", "target_commitish": "no-such-branch"},
        {"tag_name": "v9", "draft": "yes"},
        {"tag_name": "v9", "make_latest": "maybe"},
        {"tag_name": "v9", "body": "x" * 125_001},
    ],
    ids=lambda body: str(body)[:50],
)
def test_a_wrong_release_is_refused_and_leaves_no_tag(github: Any, base: str, body: dict[str, Any]) -> None:
    bot = github.bot()
    assert bot.post(f"{base}/releases", json=body).status_code == 422
    assert bot.get(f"{base}/tags").json() == []
    assert bot.get(f"{base}/releases").json() == []


def test_a_tag_has_one_published_release(github: Any, base: str) -> None:
    bot = github.bot()
    assert bot.post(f"{base}/releases", json={"tag_name": "v1"}).status_code == 201
    again = bot.post(f"{base}/releases", json={"tag_name": "v1"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_exists")
    draft = bot.post(f"{base}/releases", json={"tag_name": "v1", "draft": True})
    assert draft.status_code == 201
    assert bot.patch(f"{base}/releases/{draft.json()['id']}", json={"draft": False}).status_code == 422


def test_drafts_are_seen_by_writers_only(github: Any, base: str) -> None:
    bot, stranger = github.bot(), github.client("ghp_bob")
    draft = bot.post(f"{base}/releases", json={"tag_name": "v1", "draft": True}).json()
    assert [each["id"] for each in bot.get(f"{base}/releases").json()] == [draft["id"]]
    assert stranger.get(f"{base}/releases").json() == []
    assert stranger.get(f"{base}/releases/{draft['id']}").status_code == 404
    assert stranger.post(f"{base}/releases", json={"tag_name": "v2"}).status_code == 403


def test_latest_passes_over_prereleases(github: Any, base: str) -> None:
    bot = github.bot()
    bot.post(f"{base}/releases", json={"tag_name": "v1.0.0"})
    bot.post(f"{base}/releases", json={"tag_name": "v1.1.0-rc.1", "prerelease": True})
    bot.post(f"{base}/releases", json={"tag_name": "v0.9.1", "make_latest": "false"})
    assert bot.get(f"{base}/releases/latest").json()["tag_name"] == "v1.0.0"


def test_assets_are_kept_as_sent(github: Any, base: str) -> None:
    bot = github.bot()
    made = bot.post(f"{base}/releases", json={"tag_name": "v1", "draft": True}).json()
    url = made["upload_url"].partition("{")[0]
    headers = {"content-type": "application/gzip"}
    asset = bot.post(url, params={"name": "m.tar.gz"}, content=b"\x1f\x8b\x00data", headers=headers).json()
    assert (asset["size"], asset["content_type"], asset["state"]) == (7, "application/gzip", "uploaded")
    assert bot.post(url, params={"name": "m.tar.gz"}, content=b"x", headers=headers).status_code == 422
    raw = bot.get(asset["url"], headers={"accept": "application/octet-stream"})
    assert raw.content == b"\x1f\x8b\x00data"
    bot.patch(f"{base}/releases/{made['id']}", json={"draft": False})
    download = bot.get(bot.get(asset["url"]).json()["browser_download_url"])
    assert download.content == b"\x1f\x8b\x00data"


def test_releases_tell_the_app(start: Callable[..., Any], receiver: Any) -> None:
    github = start(receiver.url)
    ada = github.client("ghp_ada")
    base = "/repos/acme/platform/releases"
    draft = ada.post(base, json={"tag_name": "v0.1.0", "draft": True}).json()
    assert receiver.next("release", "created")["payload"]["release"]["draft"] is True
    ada.patch(f"{base}/{draft['id']}", json={"draft": False})
    assert receiver.next("create")["payload"]["ref"] == "v0.1.0"
    assert receiver.next("push")["payload"]["ref"] == "refs/tags/v0.1.0"
    assert receiver.next("release", "published")["payload"]["release"]["tag_name"] == "v0.1.0"
    receiver.next("release", "released")
    ada.patch(f"{base}/{draft['id']}", json={"name": "First"})
    assert receiver.next("release", "edited")["payload"]["release"]["name"] == "First"
    ada.delete(f"{base}/{draft['id']}")
    receiver.next("release", "deleted")
    assert ada.get("/repos/acme/platform/git/ref/tags/v0.1.0").status_code == 200, "the tag outlives its release"
    ada.post(base, json={"tag_name": "v0.2.0-rc.1", "prerelease": True})
    receiver.next("release", "published")
    receiver.next("release", "prereleased")
