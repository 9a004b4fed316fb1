"""The web pages: what a visitor sees and does, as whom, and that forms send the same webhooks as the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

NOTE = {"path": "main.tf", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "say <why>"}


@pytest.fixture
def browse(github: Any) -> Callable[..., httpx.Client]:
    def visit(login: str | None = None, simulator: Any = github) -> httpx.Client:
        cookies = {"visitor": login} if login else None
        client = httpx.Client(
            base_url=simulator.url, cookies=cookies, trust_env=False, timeout=30, follow_redirects=True
        )
        simulator.clients.append(client)
        return client

    return visit


def pull_in(github: Any, name: str, *, draft: bool = True) -> int:
    bot = github.bot()
    github.commit(bot, name, "work", {"main.tf": '# "one" <b>\n'})
    body = {"title": "A <module>", "head": "work", "base": "main", "body": "Closes nothing", "draft": draft}
    return int(bot.post(f"/repos/{name}/pulls", json=body).json()["number"])


def test_every_page_opens(github: Any, fresh: Callable[..., str], browse: Callable[..., httpx.Client]) -> None:
    name = fresh()
    number = pull_in(github, name)
    bot, ada = github.bot(), browse("ada")
    sha = bot.get(f"/repos/{name}/pulls/{number}").json()["head"]["sha"]
    run = bot.post(
        f"/repos/{name}/check-runs",
        json={"name": "gate", "head_sha": sha, "output": {"title": "1", "summary": "s", "annotations": [NOTE]}},
    ).json()["id"]
    issue = bot.post(f"/repos/{name}/issues", json={"title": "Hello"}).json()["number"]
    bot.post(f"/repos/{name}/releases", json={"tag_name": "v1", "body": "First"})
    owner = name.partition("/")[0]
    paths = [
        "/", f"/{owner}", f"/{name}", f"/{name}/issues", f"/{name}/issues?state=all", f"/{name}/issues/new",
        f"/{name}/issues/{issue}", f"/{name}/pulls", f"/{name}/pull/{number}", f"/{name}/pull/{number}.diff",
        f"/{name}/issues/{number}", f"/{name}/releases", f"/{name}/releases/tag/v1", f"/{name}/commits/main",
        f"/{name}/commit/{sha}", f"/{name}/tree/work", f"/{name}/blob/work/main.tf", f"/{name}/runs/{run}",
        "/apps/terrasmith", "/avatars/u/1", "/_pages/style.css", "/_pages/live.js",
    ]  # fmt: skip
    for path in paths:
        assert ada.get(path).status_code == 200, path
    page = ada.get(f"/{name}/pull/{number}").text
    for shown in (
        "A &lt;module&gt;",
        "# &#34;one&#34; &lt;b&gt;",
        "say &lt;why&gt;",
        "gate",
        "Ready for review",
        "Draft",
    ):
        assert shown in page


def test_what_is_not_there_is_a_page_that_says_so(browse: Callable[..., httpx.Client]) -> None:
    for path in ("/nobody", "/acme/nothing", "/acme/platform/issues/999", "/acme/platform/blob/main/none.tf"):
        answer = browse("ada").get(path)
        assert answer.status_code == 404, path
        assert "Not Found" in answer.text
        assert answer.headers["content-type"].startswith("text/html")


def test_private_repositories_are_shown_to_members_only(browse: Callable[..., httpx.Client]) -> None:
    assert browse("ada").get("/acme/secret").status_code == 200
    assert "acme/secret" in browse("ada").get("/").text
    for login in ("bob", "-"):
        assert browse(login).get("/acme/secret").status_code == 404
        assert "acme/secret" not in browse(login).get("/").text


def test_a_visitor_chooses_who_they_are(browse: Callable[..., httpx.Client]) -> None:
    client = browse()
    answer = client.post("/_pages/visitor", data={"login": "zoe", "back": "/acme"})
    assert answer.url.path == "/acme"
    assert '<option value="zoe" selected>' in answer.text
    outside = client.post("/_pages/visitor", data={"login": "zoe", "back": "//example.com/"}, follow_redirects=False)
    assert outside.headers["location"] == "/"
    assert "selected>nobody" in client.post("/_pages/visitor", data={"login": "no-such"}).text


def test_forms_of_other_sites_are_refused(browse: Callable[..., httpx.Client]) -> None:
    form = {"title": "from afar"}
    answer = browse("ada").post("/acme/platform/issues", data=form, headers={"origin": "https://example.com"})
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_who_is_nobody_only_reads(browse: Callable[..., httpx.Client]) -> None:
    answer = browse("-").post("/acme/platform/issues/1/comments", data={"body": "hello"})
    assert answer.status_code == 401
    assert "Choose who you are" in answer.text


def test_a_refused_form_keeps_what_was_typed(browse: Callable[..., httpx.Client]) -> None:
    answer = browse("ada").post("/acme/platform/issues", data={"title": " ", "body": "my <long> thought"})
    assert answer.status_code == 422
    assert "my &lt;long&gt; thought" in answer.text
    too_long = browse("ada").post("/acme/platform/issues/1/comments", data={"body": "x" * 65_537})
    assert too_long.status_code == 422
    assert "maximum is 65536" in too_long.text


def test_strangers_may_not_merge(github: Any, fresh: Callable[..., str], browse: Callable[..., httpx.Client]) -> None:
    name = fresh()
    number = pull_in(github, name, draft=False)
    answer = browse("bob").post(f"/{name}/pull/{number}/merge")
    assert answer.status_code == 403
    assert "Merging needs write access" in answer.text
    assert github.bot().get(f"/repos/{name}/pulls/{number}").json()["merged"] is False


def test_the_story_in_a_browser_tells_the_app(
    start: Callable[..., Any], receiver: Any, browse: Callable[..., httpx.Client]
) -> None:
    github = start(receiver.url)
    ada, name = browse("ada", github), "acme/platform"
    opened = ada.post(f"/{name}/issues", data={"title": "A bucket", "body": "please\r\nsoon"})
    number = int(opened.url.path.rpartition("/")[2])
    assert receiver.next("issues", "opened")["payload"]["issue"]["body"] == "please\nsoon"
    answer = ada.post(f"/{name}/issues/{number}/comments", data={"body": "/generate a bucket"})
    assert "/generate a bucket" in answer.text
    assert receiver.next("issue_comment", "created")["payload"]["sender"]["login"] == "ada"

    pull = pull_in(github, name)
    refused = ada.post(f"/{name}/pull/{pull}/merge")
    assert refused.status_code == 405
    assert "still a draft" in refused.text
    ada.post(f"/{name}/pull/{pull}/ready")
    receiver.next("pull_request", "ready_for_review")
    stale = ada.post(f"/{name}/pull/{pull}/merge", data={"sha": "0" * 40})
    assert stale.status_code == 409
    ada.post(f"/{name}/pull/{pull}/reviews", data={"event": "APPROVE", "body": "Good"})
    assert receiver.next("pull_request_review", "submitted")["payload"]["review"]["state"] == "approved"
    merged = ada.post(f"/{name}/pull/{pull}/merge", data={"method": "squash"})
    assert "Merged" in merged.text
    assert receiver.next("pull_request", "closed")["payload"]["pull_request"]["merged"] is True
    ada.post(f"/{name}/issues/{number}/state", data={"state": "closed"})
    receiver.next("issues", "closed")


def test_a_check_is_run_again_and_its_button_pressed(
    start: Callable[..., Any], receiver: Any, browse: Callable[..., httpx.Client]
) -> None:
    github = start(receiver.url)
    bot, ada, name = github.bot(), browse("ada", github), "acme/platform"
    sha = bot.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"]
    button = {"label": "Fix it", "description": "Fixes it", "identifier": "fix"}
    body = {"name": "gate", "head_sha": sha, "conclusion": "failure", "actions": [button]}
    run = bot.post(f"/repos/{name}/check-runs", json=body).json()["id"]
    assert "Fix it" in ada.get(f"/{name}/runs/{run}").text
    ada.post(f"/{name}/runs/{run}/rerequest")
    receiver.next("check_run", "rerequested")
    ada.post(f"/{name}/runs/{run}/action", data={"identifier": "fix"})
    assert receiver.next("check_run", "requested_action")["payload"]["requested_action"] == {"identifier": "fix"}
    assert ada.post(f"/{name}/runs/{run}/action", data={"identifier": "other"}).status_code == 422
    assert browse("bob", github).post(f"/{name}/runs/{run}/rerequest").status_code == 403


def test_pages_refresh_themselves_only_while_something_runs(
    github: Any, fresh: Callable[..., str], browse: Callable[..., httpx.Client]
) -> None:
    name = fresh()
    number = pull_in(github, name)
    bot = github.bot()
    sha = bot.get(f"/repos/{name}/pulls/{number}").json()["head"]["sha"]
    run = bot.post(f"/repos/{name}/check-runs", json={"name": "gate", "head_sha": sha}).json()["id"]
    github.switch("clock", advance_seconds=600)
    for path in (f"/{name}/pull/{number}", f"/{name}/runs/{run}"):
        assert 'http-equiv="refresh"' in browse("ada").get(path).text
    bot.patch(f"/repos/{name}/check-runs/{run}", json={"conclusion": "success"})
    github.settle()
    for path in (f"/{name}/pull/{number}", f"/{name}/runs/{run}"):
        assert 'http-equiv="refresh"' not in browse("ada").get(path).text
