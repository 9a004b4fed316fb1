"""Repositories: who may make them, where they appear, and how the git data of an empty one answers."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.checklist("G19")
def test_an_app_makes_a_repository_in_its_organisation(github: Any, git: Callable[..., str]) -> None:
    bot = github.bot()
    answer = bot.post("/orgs/acme/repos", json={"name": "terraform-aws-bucket", "private": True, "auto_init": True})
    assert answer.status_code == 201
    assert answer.json()["default_branch"] == "main"
    again = bot.post("/orgs/acme/repos", json={"name": "Terraform-AWS-bucket"})
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == "name already exists on this account"
    assert (
        git("ls-remote", f"http://x:{github.token()}@127.0.0.1:{github.port}/acme/terraform-aws-bucket").count("\n")
        == 2
    )


@pytest.mark.checklist("G19")
def test_an_app_makes_none_for_a_user_and_none_without_permission(github: Any) -> None:
    assert github.bot().post("/user/repos", json={"name": "x"}).status_code == 403
    refused = github.bot(permissions={"contents": "write"}).post("/orgs/acme/repos", json={"name": "x"})
    assert refused.status_code == 403
    assert refused.headers["x-accepted-github-permissions"] == "administration=write"
    assert github.client("ghp_bob").post("/user/repos", json={"name": "own"}).status_code == 201


@pytest.mark.checklist("G11")
def test_a_new_repository_joins_a_selected_installation(github: Any) -> None:
    bot = github.bot("picky")
    assert bot.get("/installation/repositories").json()["total_count"] == 0
    assert bot.post("/orgs/picky/repos", json={"name": "born-here", "auto_init": True}).status_code == 201
    assert [one["name"] for one in bot.get("/installation/repositories").json()["repositories"]] == ["born-here"]
    assert github.bot("picky").get("/repos/picky/born-here/git/ref/heads/main").status_code == 200


@pytest.mark.checklist("G20")
def test_an_empty_repository_takes_no_git_data_but_a_first_file(
    github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]
) -> None:
    bot, name = github.bot(), fresh(auto_init=False)
    for method, path, body in (
        ("GET", "git/ref/heads/main", None),
        ("POST", "git/blobs", {"content": "x"}),
        ("POST", "git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
    ):
        answer = bot.request(method, f"/repos/{name}/{path}", json=body)
        assert answer.status_code == 409
        assert "empty" in answer.json()["message"]
    first = bot.put(f"/repos/{name}/contents/a.txt", json={"message": "first", "content": base64_of("a\n")})
    assert first.status_code == 201
    assert bot.get(f"/repos/{name}/git/ref/heads/main").status_code == 200


def test_a_renamed_repository_answers_301_and_its_number_still_works(github: Any, fresh: Callable[..., str]) -> None:
    admin, bot, name = github.client("ghp_zoe"), github.bot(), fresh()
    number = bot.get(f"/repos/{name}").json()["id"]
    moved = admin.patch(f"/repos/{name}", json={"name": f"new-{name[5:]}"})
    assert moved.status_code == 200
    assert moved.json()["full_name"] == f"acme/new-{name[5:]}"
    answer = bot.get(f"/repos/{name}")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith(f"/repositories/{number}")
    assert bot.get(f"/repositories/{number}").json()["full_name"] == f"acme/new-{name[5:]}"


def test_what_is_not_simulated_says_so(github: Any) -> None:
    answer = github.bot().get("/repos/acme/platform/actions/runs")
    assert answer.status_code == 501
    assert "GET /api/v3/repos/acme/platform/actions/runs" in answer.json()["message"]


def test_a_reader_who_has_it_gets_304(github: Any) -> None:
    bot = github.bot()
    first = bot.get("/repos/acme/platform")
    again = bot.get("/repos/acme/platform", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_lists_come_in_pages(github: Any, fresh: Callable[..., str]) -> None:
    fresh()
    bot = github.bot()
    answer = bot.get("/installation/repositories", params={"per_page": 1})
    assert 'rel="next"' in answer.headers["link"]
    assert len(answer.json()["repositories"]) == 1
    total = answer.json()["total_count"]
    last = bot.get("/installation/repositories", params={"per_page": 1, "page": total})
    assert 'rel="next"' not in last.headers["link"]
