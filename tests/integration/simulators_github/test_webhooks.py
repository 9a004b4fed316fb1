"""Webhooks: signed, complete, in order, kept for redelivery, and never sent a second time unasked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def loud(start: Callable[..., Any], receiver: Any) -> Any:
    """A simulator whose app listens."""
    github = start(receiver.url)
    for login in ("acme", "picky"):
        assert receiver.next("installation", "created")["payload"]["installation"]["account"]["login"] == login
    return github


@pytest.mark.checklist("G5")
def test_a_delivery_carries_githubs_headers(loud: Any, receiver: Any) -> None:
    loud.client("ghp_ada").post("/repos/acme/platform/issues", json={"title": "Hello"})
    item = receiver.next("issues", "opened")
    headers = item["headers"]
    assert item["signed"]
    assert headers["x-github-hook-installation-target-type"] == "integration"
    assert headers["x-github-hook-installation-target-id"] == "1"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert len(headers["x-github-delivery"]) == 36
    payload = item["payload"]
    assert payload["sender"]["login"] == "ada"
    assert payload["organization"]["login"] == "acme"
    assert payload["installation"]["id"] == loud.app().get("/orgs/acme/installation").json()["id"]


def test_a_life_of_a_pull_request_is_heard_in_order(
    loud: Any, receiver: Any, git: Callable[..., str], tmp_path: Path
) -> None:
    bot, ada = loud.bot(), loud.client("ghp_ada")
    bot.post("/orgs/acme/repos", json={"name": "life", "auto_init": True})
    first = loud.commit(bot, "acme/life", "topic", {"a.tf": "1\n"})
    pull = bot.post(
        "/repos/acme/life/pulls", json={"title": "T", "head": "topic", "base": "main", "draft": True}
    ).json()
    git("clone", "-q", "-b", "topic", f"http://x:ghp_ada@127.0.0.1:{loud.port}/acme/life", "life")
    git("commit", "-q", "--allow-empty", "-m", "human", cwd=tmp_path / "life")
    git("push", "-q", cwd=tmp_path / "life")
    second = git("rev-parse", "HEAD", cwd=tmp_path / "life").strip()
    ready = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
    loud.graphql(bot, ready, id=pull["node_id"])
    review = {"event": "APPROVE", "body": "ok", "comments": [{"path": "a.tf", "line": 1, "body": "nice"}]}
    ada.post(f"/repos/acme/life/pulls/{pull['number']}/reviews", json=review)
    ada.put(f"/repos/acme/life/pulls/{pull['number']}/merge", json={"sha": second})
    assert receiver.next("repository", "created")["payload"]["repository"]["name"] == "life"
    assert receiver.next("create")["payload"]["ref"] == "main"
    assert receiver.next("push")["payload"]["created"] is True
    assert receiver.next("create")["payload"]["ref"] == "topic"
    push = receiver.next("push")["payload"]
    assert push["head_commit"]["added"] == ["a.tf"]
    assert [one["id"] for one in push["commits"]] == [first]
    assert receiver.next("pull_request", "opened")["payload"]["pull_request"]["draft"] is True
    assert receiver.next("push")["payload"]["after"] == second
    moved = receiver.next("pull_request", "synchronize")["payload"]
    assert (moved["before"], moved["after"], moved["sender"]["login"]) == (first, second, "ada")
    receiver.next("pull_request", "ready_for_review")
    assert receiver.next("pull_request_review", "submitted")["payload"]["review"]["state"] == "approved"
    receiver.next("pull_request_review_comment", "created")
    assert receiver.next("push")["payload"]["ref"] == "refs/heads/main"
    closed = receiver.next("pull_request", "closed")["payload"]["pull_request"]
    assert closed["merged"] is True
    assert closed["merged_by"]["login"] == "ada"
    assert closed["merge_commit_sha"] == bot.get("/repos/acme/life/git/ref/heads/main").json()["object"]["sha"]


@pytest.mark.checklist("G2", "G3")
def test_a_failed_delivery_waits_until_it_is_asked_for(loud: Any, receiver: Any) -> None:
    receiver.status = 500
    loud.client("ghp_ada").post("/repos/acme/platform/issues", json={"title": "Lost"})
    lost = receiver.next("issues", "opened")
    loud.settle()
    receiver.status = 202
    app = loud.app()
    listed = app.get("/app/hook/deliveries", params={"status": "failure"}).json()
    item = next(one for one in listed if one["guid"] == lost["headers"]["x-github-delivery"])
    assert (item["status_code"], item["redelivery"], item["event"]) == (500, False, "issues")
    kept = app.get(f"/app/hook/deliveries/{item['id']}").json()
    assert kept["request"]["payload"] == lost["payload"]
    assert receiver.heard.empty()
    assert app.post(f"/app/hook/deliveries/{item['id']}/attempts").status_code == 202
    again = receiver.next("issues", "opened")
    assert again["headers"]["x-github-delivery"] == item["guid"]
    assert again["payload"] == lost["payload"]
    loud.settle()
    newest = app.get("/app/hook/deliveries", params={"per_page": 1})
    assert newest.json()[0]["redelivery"] is True
    assert newest.json()[0]["status"] == "OK"
    following = app.get(newest.links["next"]["url"])
    assert following.json()[0]["id"] < newest.json()[0]["id"]


@pytest.mark.checklist("G2")
def test_deliveries_are_forgotten_after_three_days(start: Callable[..., Any], receiver: Any) -> None:
    github = start(receiver.url)
    github.settle()
    assert github.app().get("/app/hook/deliveries").json()
    github.switch("clock", advance_seconds=3 * 24 * 3600 + 60)
    claims = {"iat": 1 + int(github_time(github)) - 60, "exp": int(github_time(github)) + 500}
    assert github.client(github.jwt(**claims)).get("/app/hook/deliveries").json() == []


def github_time(github: Any) -> float:
    from datetime import datetime

    return datetime.fromisoformat(github.look("clock")["now"]).timestamp()


def test_deliveries_can_be_lost_and_doubled(loud: Any, receiver: Any) -> None:
    ada = loud.client("ghp_ada")
    loud.settle()
    while not receiver.heard.empty():
        receiver.heard.get()
    loud.switch("faults", kind="lost-delivery", event="issues")
    ada.post("/repos/acme/platform/issues", json={"title": "Gone"})
    loud.settle()
    assert receiver.heard.empty()
    assert loud.app().get("/app/hook/deliveries", params={"status": "failure"}).json()[0]["status"] == "timed out"
    loud.switch("faults", kind="duplicate-delivery", event="issues")
    ada.post("/repos/acme/platform/issues", json={"title": "Twice"})
    one, two = receiver.next("issues"), receiver.next("issues")
    assert one["headers"]["x-github-delivery"] == two["headers"]["x-github-delivery"]
