"""Refs, commits and contents: compare-and-swap everywhere, verified only when GitHub itself made the commit."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.checklist("G23")
def test_an_apps_commit_is_verified_only_without_an_own_author(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    head = bot.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"]
    tree = bot.get(f"/repos/{name}/git/commits/{head}").json()["tree"]["sha"]
    body = {"message": "x", "tree": tree, "parents": [head]}
    plain = bot.post(f"/repos/{name}/git/commits", json=body).json()
    assert plain["verification"]["verified"] is True
    assert plain["author"]["name"] == "terrasmith[bot]"
    author = {"name": "Ada", "email": "ada@example.com"}
    named = bot.post(f"/repos/{name}/git/commits", json={**body, "author": author}).json()
    assert named["verification"]["reason"] == "unsigned"
    human = github.client("ghp_ada").post(f"/repos/{name}/git/commits", json=body).json()
    assert human["verification"]["verified"] is False


@pytest.mark.checklist("G25")
def test_a_ref_moves_forward_only_unless_forced(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    old = bot.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"]
    new = github.commit(bot, name, "main", {"a": "1"})
    refused = bot.patch(f"/repos/{name}/git/refs/heads/main", json={"sha": old})
    assert refused.status_code == 422
    assert refused.json()["message"] == "Update is not a fast forward"
    assert bot.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"] == new
    assert bot.patch(f"/repos/{name}/git/refs/heads/main", json={"sha": old, "force": True}).status_code == 200


@pytest.mark.checklist("S22")
def test_bad_ref_names_are_refused(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    sha = bot.get(f"/repos/{name}/git/ref/heads/main").json()["object"]["sha"]
    for ref in (
        "heads/x",
        "refs/heads/-x",
        "refs/heads/a..b",
        "refs/heads/a.lock",
        "refs/heads/a@{b",
        "refs/heads/a b",
    ):
        assert bot.post(f"/repos/{name}/git/refs", json={"ref": ref, "sha": sha}).status_code == 422
    assert bot.post(f"/repos/{name}/git/refs", json={"ref": "refs/heads/main", "sha": sha}).status_code == 422
    assert bot.post(f"/repos/{name}/git/refs", json={"ref": "refs/heads/main/sub", "sha": sha}).status_code == 422
    assert bot.post(f"/repos/{name}/git/refs", json={"ref": "refs/heads/ok", "sha": "1" * 40}).status_code == 422


def test_a_file_is_changed_by_its_blob_sha(
    github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]
) -> None:
    name, bot = fresh(), github.bot()
    path = f"/repos/{name}/contents/docs/a.md"
    made = bot.put(path, json={"message": "a", "content": base64_of("one\n")})
    assert made.status_code == 201
    sha = made.json()["content"]["sha"]
    assert bot.put(path, json={"message": "b", "content": base64_of("two\n")}).status_code == 422
    assert bot.put(path, json={"message": "b", "content": base64_of("two\n"), "sha": "1" * 40}).status_code == 409
    assert bot.put(path, json={"message": "b", "content": base64_of("two\n"), "sha": sha}).status_code == 200
    assert bot.get(path, headers={"Accept": "application/vnd.github.raw+json"}).text == "two\n"
    assert [one["name"] for one in bot.get(f"/repos/{name}/contents/docs").json()] == ["a.md"]
    now = bot.get(path).json()["sha"]
    assert bot.request("DELETE", path, json={"message": "c", "sha": now}).status_code == 200
    assert bot.get(path).status_code == 404


@pytest.mark.checklist("G24")
def test_workflow_files_need_their_own_permission(
    github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]
) -> None:
    name = fresh()
    path = f"/repos/{name}/contents/.github/workflows/x.yml"
    refused = github.bot().put(path, json={"message": "x", "content": base64_of("x")})
    assert refused.status_code == 403
    assert github.client("ghp_ada").put(path, json={"message": "x", "content": base64_of("x")}).status_code == 201


def test_history_and_comparison(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    github.commit(bot, name, "topic", {"a": "1\n"}, "One")
    github.commit(bot, name, "topic", {"b": "2\n"}, "Two")
    github.commit(bot, name, "main", {"c": "3\n"}, "Three")
    shown = bot.get(f"/repos/{name}/compare/main...topic").json()
    assert (shown["status"], shown["ahead_by"], shown["behind_by"]) == ("diverged", 2, 1)
    assert [one["commit"]["message"] for one in shown["commits"]] == ["One", "Two"]
    assert [one["filename"] for one in shown["files"]] == ["a", "b"]
    assert [one["commit"]["message"] for one in bot.get(f"/repos/{name}/commits", params={"sha": "topic"}).json()][
        :2
    ] == ["Two", "One"]
    tag = bot.post(
        f"/repos/{name}/git/tags",
        json={"tag": "v1.0.0", "message": "m", "object": shown["base_commit"]["sha"], "type": "commit"},
    ).json()
    assert bot.post(f"/repos/{name}/git/refs", json={"ref": "refs/tags/v1.0.0", "sha": tag["sha"]}).status_code == 201
    assert bot.get(f"/repos/{name}/git/ref/tags/v1.0.0").json()["object"]["type"] == "tag"
    assert bot.get(f"/repos/{name}/commits/v1.0.0").json()["sha"] == shown["base_commit"]["sha"]
    assert [one["name"] for one in bot.get(f"/repos/{name}/branches").json()] == ["main", "topic"]
    assert bot.get(f"/repos/{name}/branches/topic").json()["commit"]["commit"]["message"] == "Two"
    listed = bot.get(f"/repos/{name}/git/trees/topic", params={"recursive": "1"}).json()["tree"]
    assert [one["path"] for one in listed] == ["README.md", "a", "b"]
