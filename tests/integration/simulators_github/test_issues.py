"""Issues, comments, reactions and labels: what GitHub refuses, who may do what, and which webhooks follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def problem(answer: Any, status: int = 422) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json())


@pytest.fixture
def people(github: Any) -> Callable[[str], Any]:
    return lambda login: github.client(f"ghp_{login}")


@pytest.fixture
def thread(fresh: Callable[..., str], people: Callable[[str], Any]) -> str:
    """The address of a new issue by ada in a repository of its own."""
    name = fresh()
    made = people("ada").post(f"/repos/{name}/issues", json={"title": "A bucket", "body": "please"})
    assert made.status_code == 201, made.text
    return f"/repos/{name}/issues/{made.json()['number']}"


@pytest.mark.checklist("G29")
def test_a_comment_holds_65536_characters_and_not_one_more(github: Any, thread: str) -> None:
    bot = github.bot()
    assert bot.post(f"{thread}/comments", json={"body": "x" * 65_536}).status_code == 201
    assert "maximum is 65536" in problem(bot.post(f"{thread}/comments", json={"body": "x" * 65_537}))
    comment = bot.get(f"{thread}/comments").json()[0]["id"]
    edited = bot.patch(f"{thread.rpartition('/')[0]}/comments/{comment}", json={"body": "x" * 65_537})
    assert "maximum is 65536" in problem(edited)


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "  \n"}, {"body": 7}])
def test_an_empty_comment_is_refused(github: Any, thread: str, body: dict[str, Any]) -> None:
    problem(github.bot().post(f"{thread}/comments", json=body))


def test_a_comment_of_the_app_names_the_app(github: Any, thread: str) -> None:
    made = github.bot().post(f"{thread}/comments", json={"body": "hello"}).json()
    assert made["user"]["login"] == "terrasmith[bot]"
    assert made["user"]["type"] == "Bot"
    assert made["performed_via_github_app"]["slug"] == "terrasmith"


def test_strangers_may_comment_but_not_edit_others(people: Callable[[str], Any], thread: str) -> None:
    mine = people("ada").post(f"{thread}/comments", json={"body": "mine"}).json()
    path = f"{thread.rpartition('/')[0]}/comments/{mine['id']}"
    bob = people("bob")
    assert bob.post(f"{thread}/comments", json={"body": "hello"}).status_code == 201
    problem(bob.patch(path, json={"body": "yours"}), 403)
    problem(bob.delete(path), 403)
    problem(bob.patch(thread, json={"state": "closed"}), 403)
    assert people("ada").patch(path, json={"body": "changed"}).json()["body"] == "changed"


def test_the_same_reaction_twice_is_one(github: Any, people: Callable[[str], Any], thread: str) -> None:
    bot = github.bot()
    first = bot.post(f"{thread}/reactions", json={"content": "eyes"})
    again = bot.post(f"{thread}/reactions", json={"content": "eyes"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert people("ada").post(f"{thread}/reactions", json={"content": "eyes"}).status_code == 201
    assert bot.get(thread).json()["reactions"]["eyes"] == 2
    assert len(bot.get(f"{thread}/reactions", params={"content": "rocket"}).json()) == 0
    problem(bot.post(f"{thread}/reactions", json={"content": "shrug"}))


def test_an_unknown_thread_is_not_found(github: Any, thread: str) -> None:
    bot = github.bot()
    repository = thread.rpartition("/")[0]
    for path in (f"{repository}/999", f"{repository}/999/comments", f"{repository}/comments/1", f"{repository}/x"):
        problem(bot.get(path), 404)


def test_labels_of_a_stranger_are_dropped_silently(people: Callable[[str], Any], thread: str) -> None:
    repository = thread.rpartition("/")[0]
    body = {"title": "x", "labels": ["urgent"], "assignees": ["ada"]}
    made = people("bob").post(repository, json=body).json()
    assert (made["labels"], made["assignees"]) == ([], [])
    made = people("ada").post(repository, json=body).json()
    assert [label["name"] for label in made["labels"]] == ["urgent"]
    assert [user["login"] for user in made["assignees"]] == ["ada"]


def test_lists_filter_by_state_label_and_author(github: Any, people: Callable[[str], Any], thread: str) -> None:
    repository = thread.rpartition("/")[0]
    bot = github.bot()
    ada = people("ada")
    second = ada.post(repository, json={"title": "Second", "labels": ["wish"]}).json()["number"]
    ada.patch(f"{repository}/{second}", json={"state": "closed"})

    def titles(**query: str) -> list[str]:
        return [issue["title"] for issue in bot.get(repository, params=query).json()]

    assert titles() == ["A bucket"]
    assert titles(state="all", direction="asc") == ["A bucket", "Second"]
    assert titles(state="all", labels="wish") == ["Second"]
    assert titles(state="all", creator="bob") == []
    page = bot.get(repository, params={"state": "all", "per_page": "1"})
    assert 'rel="next"' in page.headers["link"]


def test_issues_tell_the_app(start: Callable[..., Any], receiver: Any) -> None:
    github = start(receiver.url)
    ada = github.client("ghp_ada")
    repository = "/repos/acme/platform/issues"
    made = ada.post(repository, json={"title": "One", "body": "b", "labels": ["wish"]}).json()
    one = f"{repository}/{made['number']}"
    assert receiver.next("issues", "opened")["payload"]["issue"]["title"] == "One"
    assert receiver.next("issues", "labeled")["payload"]["label"]["name"] == "wish"
    ada.patch(one, json={"title": "Two"})
    assert receiver.next("issues", "edited")["payload"]["changes"] == {"title": {"from": "One"}}
    comment = ada.post(f"{one}/comments", json={"body": "/help"}).json()
    heard = receiver.next("issue_comment", "created")
    assert heard["signed"]
    assert heard["payload"]["comment"]["body"] == "/help"
    ada.patch(f"{repository}/comments/{comment['id']}", json={"body": "/generate"})
    assert receiver.next("issue_comment", "edited")["payload"]["changes"] == {"body": {"from": "/help"}}
    ada.delete(f"{repository}/comments/{comment['id']}")
    receiver.next("issue_comment", "deleted")
    ada.patch(one, json={"state": "closed"})
    assert receiver.next("issues", "closed")["payload"]["issue"]["state_reason"] == "completed"
    ada.patch(one, json={"state": "open"})
    receiver.next("issues", "reopened")
