"""Check runs and suites: GitHub's limits, who may write them, how a suite follows its runs, and running again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NOTE = {"path": "main.tf", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
BUTTON = {"label": "Fix it", "description": "Fixes it", "identifier": "fix"}


def output(**fields: Any) -> dict[str, Any]:
    return {"output": {"title": "t", "summary": "s", **fields}}


@pytest.fixture
def place(github: Any, fresh: Callable[..., str]) -> tuple[str, str]:
    """A repository's address and the head of its default branch."""
    base = f"/repos/{fresh()}"
    return base, github.bot().get(f"{base}/git/ref/heads/main").json()["object"]["sha"]


@pytest.fixture
def check(github: Any, place: tuple[str, str]) -> Callable[..., Any]:
    base, sha = place
    return lambda **fields: github.bot().post(f"{base}/check-runs", json={"name": "gate", "head_sha": sha, **fields})


@pytest.mark.checklist("G27")
@pytest.mark.parametrize(
    "fields",
    [
        output(annotations=[NOTE] * 51),
        output(summary="x" * 65_536),
        output(text="x" * 65_536),
        output(annotations=[{**NOTE, "message": "x" * (64 * 1024 + 1)}]),
        output(annotations=[{**NOTE, "title": "x" * 256}]),
        output(annotations=[{**NOTE, "end_line": 3, "start_column": 1}]),
        output(annotations=[{**NOTE, "annotation_level": "fatal"}]),
        output(annotations=[{"path": "main.tf"}]),
        {"output": {"title": "no summary"}},
        {"actions": [BUTTON] * 4},
        {"actions": [{**BUTTON, "label": "x" * 21}]},
        {"actions": [{**BUTTON, "description": "x" * 41}]},
        {"actions": [{**BUTTON, "identifier": "x" * 21}]},
        {"status": "completed"},
        {"conclusion": "stale"},
        {"status": "done"},
        {"head_sha": "0" * 40},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_beyond_a_limit_is_refused(check: Callable[..., Any], fields: dict[str, Any]) -> None:
    assert check(**fields).status_code == 422


@pytest.mark.checklist("G27")
def test_annotations_are_appended_by_updates(github: Any, place: tuple[str, str], check: Callable[..., Any]) -> None:
    base, _ = place
    made = check(**output(annotations=[NOTE] * 50)).json()
    path = f"{base}/check-runs/{made['id']}"
    assert github.bot().patch(path, json=output(annotations=[NOTE] * 10)).status_code == 200
    assert github.bot().get(path).json()["output"]["annotations_count"] == 60
    assert len(github.bot().get(f"{path}/annotations", params={"per_page": "100"}).json()) == 60


@pytest.mark.checklist("G27")
def test_only_an_app_writes_check_runs(github: Any, place: tuple[str, str], check: Callable[..., Any]) -> None:
    base, sha = place
    ada = github.client("ghp_ada")
    assert ada.post(f"{base}/check-runs", json={"name": "x", "head_sha": sha}).status_code == 403
    made = check().json()
    assert ada.patch(f"{base}/check-runs/{made['id']}", json={"conclusion": "success"}).status_code == 403
    assert ada.get(f"{base}/check-runs/{made['id']}").json()["app"]["slug"] == "terrasmith"
    narrow = github.bot(permissions={"contents": "read"})
    assert narrow.post(f"{base}/check-runs", json={"name": "x", "head_sha": sha}).status_code == 403


def test_a_suite_follows_its_newest_runs(github: Any, place: tuple[str, str], check: Callable[..., Any]) -> None:
    base, sha = place
    bot = github.bot()

    def suite() -> tuple[str, str | None]:
        (found,) = bot.get(f"{base}/commits/{sha}/check-suites").json()["check_suites"]
        return found["status"], found["conclusion"]

    first = check(status="in_progress").json()
    assert suite() == ("in_progress", None)
    bot.patch(f"{base}/check-runs/{first['id']}", json={"conclusion": "failure"})
    assert suite() == ("completed", "failure")
    check(name="other", conclusion="success")
    assert suite() == ("completed", "failure")
    check(conclusion="success")
    assert suite() == ("completed", "success")
    listed = bot.get(f"{base}/commits/{sha}/check-runs").json()
    assert listed["total_count"] == 2
    assert bot.get(f"{base}/commits/{sha}/check-runs", params={"filter": "all"}).json()["total_count"] == 3
    named = bot.get(f"{base}/commits/main/check-runs", params={"check_name": "other"}).json()["check_runs"]
    assert [run["name"] for run in named] == ["other"]


def test_a_run_that_starts_again_has_no_conclusion(
    github: Any, place: tuple[str, str], check: Callable[..., Any]
) -> None:
    made = check(conclusion="success").json()
    again = github.bot().patch(f"{place[0]}/check-runs/{made['id']}", json={"status": "in_progress"}).json()
    assert (again["status"], again["conclusion"], again["completed_at"]) == ("in_progress", None, None)


@pytest.mark.checklist("G28")
def test_pushes_and_requests_to_run_again_tell_the_app(start: Callable[..., Any], receiver: Any) -> None:
    github = start(receiver.url)
    bot, ada = github.bot(), github.client("ghp_ada")
    base = "/repos/acme/platform"
    sha = github.commit(bot, "acme/platform", "work", {"main.tf": "# one\n"})
    requested = receiver.next("check_suite", "requested")["payload"]["check_suite"]
    assert requested["head_sha"] == sha
    assert requested["head_branch"] == "work"
    made = bot.post(f"{base}/check-runs", json={"name": "gate", "head_sha": sha}).json()
    assert receiver.next("check_run", "created")["payload"]["check_run"]["check_suite"]["id"] == requested["id"]
    bot.patch(f"{base}/check-runs/{made['id']}", json={"conclusion": "failure"})
    receiver.next("check_run", "completed")
    assert receiver.next("check_suite", "completed")["payload"]["check_suite"]["conclusion"] == "failure"
    assert ada.post(f"{base}/check-runs/{made['id']}/rerequest").status_code == 201
    assert receiver.next("check_run", "rerequested")["payload"]["check_run"]["id"] == made["id"]
    assert ada.post(f"{base}/check-suites/{requested['id']}/rerequest").status_code == 201
    assert receiver.next("check_suite", "rerequested")["payload"]["sender"]["login"] == "ada"
