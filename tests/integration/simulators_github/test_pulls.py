"""Pull requests from opening to merge: drafts refuse, moved heads refuse, the three methods leave the right history."""

from collections.abc import Callable
from typing import Any

import pytest


def opened(github: Any, name: str, branch: str = "topic", **body: Any) -> dict[str, Any]:
    answer = github.bot().post(f"/repos/{name}/pulls", json={"title": "T", "head": branch, "base": "main", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_one_open_pull_request_for_each_head_and_base(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    for body in ({"head": "absent"}, {"head": "main"}, {"base": "absent", "head": "main"}):
        refused = bot.post(f"/repos/{name}/pulls", json={"title": "T", "base": "main", **body})
        assert refused.status_code == 422
    github.commit(bot, name, "topic", {"a": "1\n", "b": "2\n"})
    pull = opened(github, name, draft=True)
    assert (pull["draft"], pull["mergeable_state"], pull["changed_files"], pull["commits"]) == (True, "draft", 2, 1)
    again = bot.post(f"/repos/{name}/pulls", json={"title": "T", "head": "topic", "base": "main"})
    assert again.status_code == 422
    assert "already exists" in again.json()["errors"][0]["message"]
    found = bot.get(f"/repos/{name}/pulls", params={"head": "acme:topic", "state": "all"}).json()
    assert [one["number"] for one in found] == [pull["number"]]
    assert bot.get(f"/repos/{name}/pulls", params={"head": "acme:other"}).json() == []
    assert [one["filename"] for one in bot.get(f"/repos/{name}/pulls/{pull['number']}/files").json()] == ["a", "b"]
    assert len(bot.get(f"/repos/{name}/pulls/{pull['number']}/commits").json()) == 1
    diff = bot.get(f"/repos/{name}/pulls/{pull['number']}", headers={"Accept": "application/vnd.github.diff"}).text
    assert "+++ b/a" in diff


def test_a_draft_refuses_to_merge(github: Any, fresh: Callable[..., str]) -> None:
    name, ada = fresh(), github.client("ghp_ada")
    github.commit(github.bot(), name, "topic", {"a": "1\n"})
    pull = opened(github, name, draft=True)
    path = f"/repos/{name}/pulls/{pull['number']}/merge"
    refused = ada.put(path, json={})
    assert refused.status_code == 405
    assert "draft" in refused.json()["message"]
    ready = (
        "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
    )
    answer = github.graphql(github.bot(), ready, id=pull["node_id"])
    assert answer["data"]["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False}
    assert ada.get(path).status_code == 404
    assert ada.put(path, json={}).status_code == 200
    assert ada.get(path).status_code == 204


@pytest.mark.checklist("G26")
def test_a_moved_head_is_not_merged(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    first = github.commit(bot, name, "topic", {"a": "1\n"})
    pull = opened(github, name)
    second = github.commit(bot, name, "topic", {"a": "2\n"})
    assert bot.get(f"/repos/{name}/pulls/{pull['number']}").json()["head"]["sha"] == second
    path = f"/repos/{name}/pulls/{pull['number']}/merge"
    assert bot.put(path, json={"sha": first}).status_code == 409
    assert bot.put(path, json={"sha": second}).status_code == 200


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_each_way_of_merging(github: Any, fresh: Callable[..., str], method: str) -> None:
    name, bot = fresh(), github.bot()
    github.commit(bot, name, "topic", {"a": "1\n"}, "One")
    github.commit(bot, name, "topic", {"b": "2\n"}, "Two")
    tip = github.commit(bot, name, "main", {"c": "3\n"}, "Elsewhere")
    issue = bot.post(f"/repos/{name}/issues", json={"title": "Why"}).json()["number"]
    pull = opened(github, name, body=f"Closes #{issue}")
    merged = bot.put(f"/repos/{name}/pulls/{pull['number']}/merge", json={"merge_method": method}).json()
    after = bot.get(f"/repos/{name}/pulls/{pull['number']}").json()
    assert (after["merged"], after["state"], after["merge_commit_sha"]) == (True, "closed", merged["sha"])
    assert {one["name"] for one in bot.get(f"/repos/{name}/contents").json()} == {"README.md", "a", "b", "c"}
    log = bot.get(f"/repos/{name}/commits").json()
    head = bot.get(f"/repos/{name}/commits/main").json()
    assert head["sha"] == merged["sha"]
    expected = {"merge": 2, "squash": 1, "rebase": 1}
    assert len(head["parents"]) == expected[method]
    assert tip in [one["sha"] for one in log]
    if method == "rebase":
        assert [one["commit"]["message"] for one in log][:2] == ["Two", "One"]
    assert bot.get(f"/repos/{name}/issues/{issue}").json()["state"] == "closed"
    assert len(github.ledger("pull_request.merged", name)) == 1


def test_a_conflict_refuses_to_merge(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    github.commit(bot, name, "topic", {"a": "1\n"})
    github.commit(bot, name, "main", {"a": "2\n"})
    pull = opened(github, name)
    assert (pull["mergeable"], pull["mergeable_state"]) == (False, "dirty")
    assert bot.put(f"/repos/{name}/pulls/{pull['number']}/merge", json={}).status_code == 405


def test_a_stranger_can_review_but_not_merge(github: Any, fresh: Callable[..., str]) -> None:
    name, bob, bot = fresh(), github.client("ghp_bob"), github.bot()
    github.commit(bot, name, "topic", {"a": "1\n"})
    pull = opened(github, name)
    path = f"/repos/{name}/pulls/{pull['number']}"
    assert bob.put(f"{path}/merge", json={}).status_code == 403
    assert bob.patch(path, json={"title": "mine"}).status_code == 403
    comment = {"path": "a", "line": 1, "body": "why 1?"}
    review = bob.post(f"{path}/reviews", json={"event": "COMMENT", "body": "hm", "comments": [comment]})
    assert review.json()["state"] == "COMMENTED"
    assert bot.post(f"{path}/reviews", json={"event": "APPROVE"}).status_code == 422
    assert bob.post(f"{path}/reviews", json={"event": "APPROVE"}).json()["state"] == "APPROVED"
    assert len(bot.get(f"{path}/reviews").json()) == 2
    found = bot.get(f"{path}/comments").json()
    assert found[0]["body"] == "why 1?"
    answer = bot.post(f"{path}/comments/{found[0]['id']}/replies", json={"body": "because"})
    assert answer.json()["in_reply_to_id"] == found[0]["id"]


def test_closing_and_reopening(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    github.commit(bot, name, "topic", {"a": "1\n"})
    pull = opened(github, name)
    path = f"/repos/{name}/pulls/{pull['number']}"
    closed = bot.patch(path, json={"state": "closed", "title": "New", "body": "text"}).json()
    assert (closed["state"], closed["title"], closed["merged"]) == ("closed", "New", False)
    assert bot.put(f"{path}/merge", json={}).status_code == 405
    assert bot.patch(path, json={"state": "open"}).json()["state"] == "open"
    assert bot.delete(f"/repos/{name}/git/refs/heads/topic").status_code == 204
    assert bot.get(path).json()["state"] == "closed"
