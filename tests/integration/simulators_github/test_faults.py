"""Fault switches: the failures a bot must survive, each for exactly as many requests as asked."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _clean(github: Any) -> None:
    import httpx

    httpx.delete(f"{github.url}/_simulator/faults", trust_env=False)


def test_502_before_the_write_changes_nothing_and_after_it_everything(github: Any) -> None:
    bot, path = github.bot(), "/repos/acme/platform/issues"
    for kind, made in (("502-before", 0), ("502-after", 1)):
        github.switch("faults", kind=kind, method="POST", path="/issues$")
        assert bot.post(path, json={"title": kind}).status_code == 502
        assert [one["title"] for one in bot.get(path).json()].count(kind) == made
        assert bot.post(path, json={"title": "fine"}).status_code == 201


@pytest.mark.checklist("G17")
def test_limits_come_with_and_without_headers(github: Any) -> None:
    bot = github.bot()
    github.switch("faults", kind="secondary-limit", times=2, seconds=7)
    for _ in range(2):
        answer = bot.get("/repos/acme/platform")
        assert (answer.status_code, answer.headers["retry-after"]) == (403, "7")
    assert bot.get("/repos/acme/platform").status_code == 200
    github.switch("faults", kind="secondary-limit-bare")
    bare = bot.get("/repos/acme/platform")
    assert "secondary rate limit" in bare.json()["message"]
    assert "retry-after" not in bare.headers
    github.switch("faults", kind="primary-limit", seconds=30)
    assert bot.get("/repos/acme/platform").headers["x-ratelimit-remaining"] == "0"


def test_a_slow_answer_holds_up_nobody_else(github: Any) -> None:
    import threading

    slow, fast = github.bot(), github.bot()
    github.switch("faults", kind="slow", path="/repos/acme/secret$", seconds=1.5)
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(slow.get("/repos/acme/secret").json()["name"]))
    thread.start()
    while github.look("faults")[0]["remaining"]:
        pass
    assert fast.get("/repos/acme/platform").status_code == 200
    assert done == []
    thread.join()
    assert done == ["secret"]


def test_an_unknown_switch_is_refused(github: Any) -> None:
    import httpx

    answer = httpx.post(f"{github.url}/_simulator/faults", json={"kind": "earthquake"}, trust_env=False)
    assert answer.status_code == 422


def test_the_ledger_tells_every_write_once(github: Any) -> None:
    bot = github.bot()
    number = bot.post("/repos/acme/platform/issues", json={"title": "Once"}).json()["number"]
    bot.post(f"/repos/acme/platform/issues/{number}/comments", json={"body": "hello"})
    rows = github.ledger(subject=f"acme/platform#{number}")
    assert [row["actor"] for row in rows] == ["terrasmith[bot]"] * len(rows)
    assert len(rows) == 2
