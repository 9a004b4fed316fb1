"""What GitHub answers and the simulator does not, or not on demand: rules that refuse, odd roles, no drafts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.caller import split
from bot.github.checks import cut, cut_bytes
from bot.github.errors import (
    CreationRefusedError,
    GitHubError,
    HeadMovedError,
    MissingPermissionError,
    RateLimitedError,
    RefusedByRulesError,
)
from bot.github.gateway import GitHub, InstallationClient, TokenCache
from bot.github.pulls import is_from_fork
from bot.github.refs import check_ref_name
from core import clock
from core.errors import Transient, UserError
from core.settings import Settings

API = "/api/v3"
HERE = f"{API}/repos/acme/platform"
SHA = "a" * 40


def reply(status: int, body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def invalid(*messages: str) -> httpx.Response:
    errors = [{"resource": "X", "code": "custom", "message": message} for message in messages]
    return reply(422, {"message": "Validation Failed", "errors": errors})


def a_pull(**changes: Any) -> dict[str, Any]:
    repository = {"id": 5, "full_name": "acme/platform"}
    base = {
        "number": 3, "node_id": "PR_3", "title": "A", "body": None, "state": "open", "draft": True, "merged_at": None,
        "merge_commit_sha": None, "user": None, "html_url": "https://github.test/acme/platform/pull/3",
        "head": {"ref": "b", "sha": SHA, "repo": repository}, "base": {"ref": "main", "repo": repository},
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize(
    ("body", "role"),
    [
        ({"permission": "write", "role_name": "maintain"}, "maintain"),
        ({"permission": "read", "role_name": "triage"}, "triage"),
        ({"permission": "write", "role_name": "release-captain"}, "write"),
        ({"permission": "admin"}, "admin"),
        ({"permission": "owner-of-everything"}, "none"),
    ],
)
def test_an_organisations_own_role_counts_as_what_it_amounts_to(
    scripted: Any, acme: InstallationClient, body: dict[str, str], role: str
) -> None:
    """S7, S8."""
    scripted.on(f"GET {HERE}/collaborators/ada/permission", reply(200, body))
    assert acme.repositories.permission("acme/platform", "ada") == role


def test_a_permission_that_cannot_be_asked_is_no_permission(scripted: Any, acme: InstallationClient) -> None:
    """S8: it fails closed, loudly."""
    scripted.on(f"GET {HERE}/collaborators/ada/permission", httpx.Response(502))
    with pytest.raises(Transient):
        acme.repositories.permission("acme/platform", "ada")


def test_drafts_not_to_be_had_are_opened_normally(scripted: Any, acme: InstallationClient) -> None:
    refusal = reply(422, {"message": "Draft pull requests are not supported in this repository."})
    scripted.on(f"POST {HERE}/pulls", refusal, reply(201, a_pull(draft=False)))
    made = acme.pulls.create("acme/platform", branch="b", base="main", title="A", body="")
    assert made.draft is False
    assert [each["draft"] for each in scripted.bodies(f"POST {HERE}/pulls")] == [True, False]
    acme.pulls.mark_ready(made)
    assert not scripted.sent("POST /api/graphql")


def test_an_open_pull_request_is_found_not_opened_again(scripted: Any, acme: InstallationClient) -> None:
    stranger = {"ref": "b", "sha": SHA, "repo": {"id": 6, "full_name": "eve/platform"}}
    scripted.on(f"POST {HERE}/pulls", invalid("A pull request already exists for acme:b."))
    listed = [a_pull(number=9, head=stranger), a_pull(number=8, state="closed"), a_pull(number=4)]
    scripted.on(f"GET {HERE}/pulls", reply(200, listed))
    assert acme.pulls.create("acme/platform", branch="b", base="main", title="A", body="").number == 4


def test_a_fork_that_is_gone_is_still_a_fork(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(f"GET {HERE}/pulls/3", reply(200, a_pull(head={"ref": "b", "sha": SHA, "repo": None})))
    assert is_from_fork(acme.pulls.get("acme/platform", 3))


def test_ready_already_is_fine_and_anything_else_is_told(scripted: Any, acme: InstallationClient) -> None:
    refused = reply(
        200, {"data": None, "errors": [{"type": "UNPROCESSABLE", "message": "Pull request is not a draft"}]}
    )
    scripted.on(f"GET {HERE}/pulls/3", reply(200, a_pull()), reply(200, a_pull(draft=False)), reply(200, a_pull()))
    scripted.on("POST /api/graphql", refused)
    stale = acme.pulls.get("acme/platform", 3)
    acme.pulls.mark_ready(stale)
    with pytest.raises(GitHubError):
        acme.pulls.mark_ready(stale)


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"type": "STALE_DATA", "message": 'Expected branch to point to "b" but it did not.'}], HeadMovedError),
        ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], RateLimitedError),
        ([{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}], MissingPermissionError),
        ([{"message": "Something went wrong while executing your query."}], Transient),
        ([{"type": "UNPROCESSABLE", "message": "Repository rule violations found"}], RefusedByRulesError),
        ([{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}], GitHubError),
    ],
)
def test_graphql_refuses_with_a_200(
    scripted: Any, acme: InstallationClient, errors: Any, kind: type[Exception]
) -> None:
    scripted.on("POST /api/graphql", reply(200, {"data": None, "errors": errors}))
    with pytest.raises(kind):
        acme.commits.commit_files(
            "acme/platform", "b", expected_head=SHA, headline="A", body="", additions={"main.tf": b"x"}
        )
    assert len(scripted.sent("POST /api/graphql")) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda acme: acme.refs.ensure_tag("acme/platform", "v1.0.0", SHA),
        lambda acme: acme.releases.publish("acme/platform", 1),
        lambda acme: acme.releases.create_draft("acme/platform", "v1.0.0", SHA, "v1.0.0", ""),
    ],
)
def test_a_ruleset_that_refuses_is_named(scripted: Any, acme: Any, act: Callable[[InstallationClient], object]) -> None:
    """G33."""
    message = "Repository rule violations found\n\nCannot create ref due to creations being restricted."
    refused = reply(422, {"message": message, "errors": ["Cannot create ref due to creations being restricted."]})
    scripted.on(f"GET {HERE}/git/ref/tags/v1.0.0", httpx.Response(404))
    scripted.on(f"POST {HERE}/git/refs", refused)
    scripted.on(f"PATCH {HERE}/releases/1", refused)
    scripted.on(f"POST {HERE}/releases", refused)
    with pytest.raises(RefusedByRulesError, match="restricted"):
        act(acme)


def test_a_new_repository_is_waited_for_with_a_limit(scripted: Any, acme: InstallationClient) -> None:
    """G20, G21."""
    ready = {
        "id": 5, "full_name": "acme/platform", "name": "platform", "description": None, "private": True,
        "owner": {"login": "acme", "id": 1, "type": "Organization"}, "default_branch": "main",
        "html_url": "https://github.test/acme/platform",
    }  # fmt: skip
    empty = reply(409, {"message": "Git Repository is empty."})
    head = reply(200, {"object": {"sha": SHA}})
    scripted.on(f"GET {HERE}", httpx.Response(404), reply(200, ready))
    scripted.on(f"GET {HERE}/git/ref/heads/main", httpx.Response(404), empty, head)
    assert acme.repositories.wait_until_ready("acme/platform") == SHA
    assert len(scripted.slept) == 3


def test_a_repository_that_never_gets_ready_is_left_to_the_job(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(f"GET {HERE}", httpx.Response(404))
    with pytest.raises(Transient):
        acme.repositories.wait_until_ready("acme/platform")
    assert sum(scripted.slept) < 60


def test_a_description_is_made_to_fit(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(f"POST {API}/orgs/acme/repos", invalid("public repositories are not allowed"))
    with pytest.raises(CreationRefusedError, match="not allowed"):
        acme.repositories.create("acme", "x", "one\r\ntwo\x00 " + "y" * 400, False)
    sent = scripted.bodies(f"POST {API}/orgs/acme/repos")[0]["description"]
    assert sent.startswith("one two yyy")
    assert len(sent) == 350


def test_a_person_who_acts_through_our_app_is_not_our_app(scripted: Any, acme: InstallationClient) -> None:
    """Law 2: authorship, not the marker."""

    def comment(number: int, kind: str, login: str, app: int | None) -> dict[str, Any]:
        through = {"id": app} if app else None
        return {
            "id": number,
            "body": "<!-- m -->",
            "user": {"type": kind, "login": login},
            "performed_via_github_app": through,
        }

    scripted.on(f"GET {API}/app", reply(200, {"slug": "terrasmith"}))
    scripted.on(
        f"GET {HERE}/issues/1/comments",
        reply(
            200,
            [
                comment(1, "User", "eve", 1),
                comment(2, "Bot", "other[bot]", 2),
                comment(3, "Bot", "other[bot]", None),
                {"id": 4, "body": "<!-- m -->", "user": None},
                comment(5, "Bot", "Terrasmith[bot]", None),
                comment(6, "Bot", "terrasmith[bot]", 1),
            ],
        ),
    )
    assert acme.issues.find_comment("acme/platform", 1, "<!-- m -->") == 5


@pytest.mark.parametrize(
    ("host", "login", "verification", "ours"),
    [
        ("github.com", "terrasmith[bot]", {"verified": True, "reason": "valid"}, True),
        ("github.com", "terrasmith[bot]", {"verified": False, "reason": "unsigned"}, False),
        ("acme.ghe.com", "terrasmith[bot]", {"verified": False, "reason": "unsigned"}, False),
        ("ghes.acme.test", "terrasmith[bot]", {"verified": True, "reason": "valid"}, True),
        ("ghes.acme.test", "terrasmith[bot]", {"verified": False, "reason": "unsigned"}, True),
        ("ghes.acme.test", "terrasmith[bot]", {"verified": False, "reason": "invalid"}, False),
        ("ghes.acme.test", "terrasmith[bot]", None, False),
        ("ghes.acme.test", "eve", {"verified": False, "reason": "unsigned"}, False),
        ("ghes.acme.test", "eve", {"verified": True, "reason": "valid"}, False),
    ],
)
def test_where_nobody_signs_our_authorship_and_trailer_are_enough(
    scripted: Any, settings: Settings, host: str, login: str, verification: Any, ours: bool
) -> None:
    """G22: a server that signs no commits would otherwise get a second commit after every crash."""
    message = "Add\n\nTerrasmith-Request: req_1"
    commit = {"message": message, "tree": {"sha": SHA}, "verification": verification}
    head = {"sha": SHA, "author": {"login": login}, "parents": [], "commit": commit}
    scripted.on(f"GET {HERE}/commits/heads/b", reply(200, head))
    scripted.on(f"GET {API}/app", reply(200, {"slug": "terrasmith"}))
    settings = settings.model_copy(update={"github_web_url": f"https://{host}"})
    with GitHub(settings, TokenCache(None, settings), http=httpx.MockTransport(scripted)) as github:
        commits = github.installation(7).commits
        assert commits.find_request("acme/platform", "b", "req_1") == (SHA if ours else None)
        assert commits.find_request("acme/platform", "b", "req_2") is None


def test_a_delivery_that_arrived_at_last_is_not_asked_for_again(scripted: Any, github: GitHub) -> None:
    """G2: the list of failures keeps a delivery's failed attempts, also when a later one came through."""

    def attempt(number: int, guid: str, status: int, minutes: int) -> dict[str, Any]:
        moment = clock.now() - timedelta(minutes=minutes)
        return {
            "id": number, "guid": guid, "status_code": status, "delivered_at": moment.isoformat(), "event": "push",
            "action": None, "installation_id": 1, "repository_id": 2,
        }  # fmt: skip

    failures = [attempt(3, "lost", 502, 5), attempt(2, "came", 502, 8), attempt(1, "lost", 0, 9)]
    came = attempt(4, "came", 202, 1)
    where = f"GET {API}/app/hook/deliveries"
    scripted.on(where, lambda asked: reply(200, failures if "status" in asked.url.params else [came, *failures]))
    (left,) = github.app.failed_deliveries(clock.now() - timedelta(hours=1))
    assert (left.id, left.guid, left.attempts) == (3, "lost", 2)


@pytest.mark.parametrize(("status", "sent"), [(202, True), (404, False), (410, False), (422, False)])
def test_a_delivery_that_github_will_not_send_again_is_an_answer(
    scripted: Any, github: GitHub, status: int, sent: bool
) -> None:
    scripted.on(f"POST {API}/app/hook/deliveries/9/attempts", reply(status, {"message": "no"}))
    assert github.app.redeliver(9) is sent


def test_of_the_next_page_only_the_query_is_taken(scripted: Any, acme: InstallationClient) -> None:
    following = '<https://evil.test/other?page=2&per_page=100>; rel="next"'
    tags = f"GET {HERE}/tags"
    scripted.on(tags, reply(200, [{"name": "v1.0.0", "commit": {"sha": SHA}}], link=following), reply(200, []))
    assert [each.name for each in acme.refs.tags("acme/platform")] == ["v1.0.0"]
    assert [each.url.params.get("page") for each in scripted.sent(tags)] == [None, "2"]


@pytest.mark.parametrize(
    "name", ["-x", "a/-x", "a..b", "a/.b", "a.lock", "a@{1", "a b", "", "/a", "a/", "a~1", "é", "@", "a\n"]
)
def test_names_that_git_or_a_shell_would_misread(name: str) -> None:
    """S22."""
    with pytest.raises(UserError):
        check_ref_name(name)


@pytest.mark.parametrize("name", ["v1.2.3", "v1.2.3+build.5", "terrasmith/request-req_01h", "0.1.0-rc.1"])
def test_names_that_are_fine(name: str) -> None:
    check_ref_name(name)


@pytest.mark.parametrize("repo", ["acme", "acme/..", "acme/a/b", "../x", "acme/x?y", "-x/y", "acme/x\n"])
def test_what_is_no_repository(repo: str) -> None:
    with pytest.raises(ValueError, match="repository"):
        split(repo)


@given(st.text(max_size=400), st.integers(min_value=4, max_value=300))
def test_cuts_fit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert len(cut_bytes(text, limit).encode()) <= limit
    if len(text.encode()) <= limit:
        assert cut(text, limit) == cut_bytes(text, limit) == text
