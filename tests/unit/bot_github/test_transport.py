"""Each measured trap of githubkit and of GitHub's limits, against scripted answers."""

import os
from typing import Any

import httpx
import pytest

from bot.github.errors import (
    ForbiddenError,
    GitHubError,
    InstallationGoneError,
    InstallationSuspendedError,
    MissingPermissionError,
    RateLimitedError,
)
from bot.github.gateway import GitHub, InstallationClient, TokenCache
from bot.github.transport import Transport
from core.db import Database
from core.errors import Transient, UserError
from core.settings import Settings

API = "/api/v3"
REPO = f"GET {API}/repos/acme/platform"
COMMENTS = f"POST {API}/repos/acme/platform/issues/1/comments"
COMMENT = f"PATCH {API}/repos/acme/platform/issues/comments/5"
SECONDARY = "You have exceeded a secondary rate limit."


def test_every_request_names_the_api_version_and_bears_the_right_identity(
    scripted: Any, github: GitHub, acme: Any
) -> None:
    scripted.on(REPO, _status(404))
    scripted.on(f"GET {API}/app", _json(200, {"slug": "terrasmith"}))
    assert acme.repositories.get("acme/platform") is None
    assert github.app.bot_login == "terrasmith[bot]"
    assert {each.headers["x-github-api-version"] for each in scripted.requests} == {"2022-11-28"}
    assert scripted.sent(REPO)[0].headers["authorization"] == "token ghs_secret1"
    assert scripted.sent(f"GET {API}/app")[0].headers["authorization"].startswith("Bearer ey")


@pytest.mark.parametrize("trouble", [httpx.ReadTimeout("slow"), httpx.ReadError("gone"), 502])
def test_a_read_or_an_edit_is_retried_twice_shortly(scripted: Any, acme: InstallationClient, trouble: Any) -> None:
    reply = _status(trouble) if isinstance(trouble, int) else trouble
    scripted.on(REPO, reply, reply, _status(404))
    assert acme.repositories.get("acme/platform") is None
    scripted.on(COMMENT, reply, reply, reply, _json(200, {}))
    with pytest.raises(Transient):
        acme.issues.edit_comment("acme/platform", 5, "text")
    assert len(scripted.sent(COMMENT)) == 3
    assert scripted.slept == [0.25, 1.0, 0.25, 1.0]


@pytest.mark.parametrize("trouble", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut"), 500, 502, 503])
def test_a_creation_is_never_sent_twice_on_doubt(scripted: Any, acme: InstallationClient, trouble: Any) -> None:
    scripted.on(COMMENTS, _status(trouble) if isinstance(trouble, int) else trouble)
    with pytest.raises(Transient) as caught:
        acme.issues.comment("acme/platform", 1, "text")
    assert len(scripted.sent(COMMENTS)) == 1
    assert caught.value.retry_after is not None


def test_a_creation_that_never_left_is_sent_again(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(COMMENTS, httpx.ConnectError("refused"), _json(201, {"id": 9}))
    assert acme.issues.comment("acme/platform", 1, "text") == 9


@pytest.mark.parametrize(
    ("status", "message", "headers", "wait"),
    [
        (403, SECONDARY, {"retry-after": "61"}, 61.0),
        (403, SECONDARY, {}, 60.0),
        (429, "", {}, 60.0),
        (403, "You have triggered an abuse detection mechanism.", {}, 60.0),
        (403, SECONDARY, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
        (
            403,
            "API rate limit exceeded for installation ID 7.",
            {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1792567800",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            120.0,
        ),
    ],
)
def test_a_long_rate_limit_is_left_to_the_job(
    scripted: Any, acme: InstallationClient, status: int, message: str, headers: dict[str, str], wait: float
) -> None:
    scripted.on(COMMENTS, httpx.Response(status, json={"message": message}, headers=headers))
    with pytest.raises(RateLimitedError) as caught:
        acme.issues.comment("acme/platform", 1, "text")
    assert caught.value.retry_after == wait
    assert scripted.slept == []
    assert len(scripted.sent(COMMENTS)) == 1


def test_a_short_rate_limit_is_waited_out_but_not_for_ever(scripted: Any, acme: InstallationClient) -> None:
    limited = httpx.Response(403, json={"message": SECONDARY}, headers={"retry-after": "1"})
    scripted.on(COMMENTS, limited, _json(201, {"id": 9}))
    assert acme.issues.comment("acme/platform", 1, "text") == 9
    scripted.on(COMMENT, limited)
    with pytest.raises(RateLimitedError):
        acme.issues.edit_comment("acme/platform", 5, "text")
    assert scripted.slept == [1.0, 1.0, 1.0]


def test_an_endless_zero_wait_ends(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(COMMENT, httpx.Response(429, headers={"retry-after": "0"}))
    with pytest.raises(RateLimitedError):
        acme.issues.edit_comment("acme/platform", 5, "text")


def test_a_plain_403_is_no_rate_limit(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(COMMENTS, _json(403, {"message": "Repository was archived so is read-only."}))
    with pytest.raises(ForbiddenError, match="archived"):
        acme.issues.comment("acme/platform", 1, "text")


def test_a_missing_permission_is_named_in_githubs_own_words(scripted: Any, acme: InstallationClient) -> None:
    """G13."""
    headers = {"x-accepted-github-permissions": "administration=write", "x-github-request-id": "AB:12"}
    message = {"message": "Resource not accessible by integration"}
    scripted.on(f"POST {API}/orgs/acme/repos", httpx.Response(403, json=message, headers=headers))
    with pytest.raises(MissingPermissionError) as caught:
        acme.repositories.create("acme", "terraform-aws-x", "", True)
    assert caught.value.permissions == "administration=write"
    assert "`administration=write`" in caught.value.message
    assert "AB:12" in caught.value.message


def test_a_refused_token_is_replaced_once(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(REPO, _json(401, {"message": "Bad credentials"}), _status(404))
    assert acme.repositories.get("acme/platform") is None
    assert [each.headers["authorization"] for each in scripted.sent(REPO)] == ["token ghs_secret1", "token ghs_secret2"]


def test_a_second_refusal_is_an_error_without_the_token(scripted: Any, acme: InstallationClient) -> None:
    """S23: whatever failed, no token in the text of the error or its causes."""
    scripted.on(REPO, _json(401, {"message": "Bad credentials"}, {"x-github-request-id": "AB:12"}))
    with pytest.raises(GitHubError) as caught:
        acme.repositories.get("acme/platform")
    assert caught.value.status == 401
    assert "AB:12" in str(caught.value)
    assert len(scripted.sent(REPO)) == 2
    error: BaseException | None = caught.value
    while error is not None:
        assert "ghs_" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_a_mint_tells_why_it_failed(scripted: Any, acme: InstallationClient) -> None:
    suspended = "This installation has been suspended"
    for reply, kind in (
        (_json(404, {"message": "Not Found"}), InstallationGoneError),
        (_json(403, {"message": suspended}), InstallationSuspendedError),
        (_status(500), Transient),
        (httpx.ConnectTimeout("slow"), Transient),
        (_json(401, {"message": "A JSON web token could not be decoded"}), GitHubError),
    ):
        scripted.mint[:] = [reply]
        with pytest.raises(kind):
            acme.repositories.get("acme/platform")


def test_a_mint_asks_for_no_more_than_is_needed_and_takes_what_was_granted(scripted: Any, acme: Any) -> None:
    """G12: a permission that the owner has not accepted yet does not stop the others."""
    route = f"POST {API}/app/installations/7/access_tokens"
    scripted.on(REPO, _status(404))
    granted = {"token": "ghs_x", "expires_at": "2099-01-01T00:00:00Z"}
    scripted.mint[:] = [_json(422, {"message": "The permissions requested are not granted"}), _json(201, granted)]
    scripted.on(
        f"GET {API}/app/installations/7",
        _json(200, {"permissions": {"contents": "write", "metadata": "read", "issues": "read", "members": "read"}}),
    )
    assert acme.repositories.get("acme/platform") is None
    first, second = (each["permissions"] for each in scripted.bodies(route))
    assert first == {
        "checks": "write",
        "contents": "write",
        "issues": "write",
        "metadata": "read",
        "pull_requests": "write",
    }
    assert second == {"contents": "write", "metadata": "read", "issues": "read"}


def test_a_token_may_be_narrowed_to_one_repository(scripted: Any, github: GitHub) -> None:
    """S11."""
    scripted.on(REPO, _status(404))
    github.installation(7, repository_ids=(42,)).repositories.get("acme/platform")
    github.installation(7, repository_ids=(43,)).repositories.get("acme/platform")
    bodies = scripted.bodies(f"POST {API}/app/installations/7/access_tokens")
    assert [each["repository_ids"] for each in bodies] == [[42], [43]]


def test_a_renamed_repository_is_followed_by_its_id_with_the_same_method(scripted: Any, acme: Any) -> None:
    """A 301 must not turn a POST into a GET that "succeeds"."""
    moved = f"https://github.test{API}/repositories/42/issues/1/comments"
    scripted.on(COMMENTS, httpx.Response(301, headers={"location": moved}))
    scripted.on(f"POST {API}/repositories/42/issues/1/comments", _json(201, {"id": 9}))
    assert acme.issues.comment("acme/platform", 1, "text") == 9
    assert scripted.bodies(f"POST {API}/repositories/42/issues/1/comments") == [{"body": "text"}]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.test/api/v3/repositories/42/issues/1/comments",
        "http://github.test/api/v3/repositories/42/issues/1/comments",
        "https://github.test:8443/api/v3/repositories/42/issues/1/comments",
        "https://github.test/api/v3/orgs/acme/repos",
    ],
)
def test_a_write_is_followed_nowhere_else(scripted: Any, acme: InstallationClient, location: str) -> None:
    """S26."""
    scripted.on(COMMENTS, httpx.Response(307, headers={"location": location}))
    with pytest.raises(GitHubError):
        acme.issues.comment("acme/platform", 1, "text")
    assert [each.url.host for each in scripted.requests] == ["github.test"] * 2
    assert len(scripted.requests) == 2


def test_redirects_in_circles_end(scripted: Any, acme: InstallationClient) -> None:
    scripted.on(REPO, httpx.Response(301, headers={"location": f"https://github.test{API}/repos/acme/platform"}))
    with pytest.raises(GitHubError, match="circles"):
        acme.repositories.get("acme/platform")


def test_no_call_inside_a_unit_of_work(scripted: Any, acme: InstallationClient) -> None:
    """Design law 7."""
    database = Database("sqlite://")
    with pytest.raises(AssertionError, match="unit of work"), database.unit_of_work():
        acme.repositories.get("acme/platform")
    assert scripted.requests == []
    database.dispose()


def test_the_gateway_refuses_to_exist_without_an_app(settings: Settings) -> None:
    bare = settings.model_copy(update={"github_private_key": None})
    with pytest.raises(ValueError, match="private key"):
        Transport(bare)


def test_a_child_process_opens_its_own_connections(settings: Settings, scripted: Any) -> None:
    scripted.on(REPO, _status(404))
    with GitHub(settings, TokenCache(None, settings), http=httpx.MockTransport(scripted)) as github:
        acme = github.installation(7)
        acme.repositories.get("acme/platform")
        child = os.fork()
        if child == 0:
            try:
                acme.repositories.get("acme/platform")
            except BaseException:  # noqa: BLE001 - a child must not come back into pytest
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_governor_sees_every_write_with_its_installation(settings: Settings, scripted: Any) -> None:
    """G18: the seam where writes are spaced."""
    seen: list[tuple[str, int | None]] = []

    class Governor:
        def before_write(self, what: str, installation_id: int | None) -> None:
            seen.append((what, installation_id))

    scripted.on(REPO, _status(404))
    scripted.on(COMMENTS, _json(201, {"id": 9}))
    http = httpx.MockTransport(scripted)
    with GitHub(settings, TokenCache(None, settings), http=http, pace=Governor()) as github:
        github.installation(7).repositories.get("acme/platform")
        github.installation(7).issues.comment("acme/platform", 1, "text")
    assert seen == [("apps/create-installation-access-token", None), ("issues/create-comment", 7)]


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghes.example/api/v3", "https://ghes.example/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
        ("http://127.0.0.1:9/api/v3", "http://127.0.0.1:9/api/graphql"),
    ],
)
def test_graphql_lies_where_each_kind_of_host_has_it(settings: Settings, api: str, graphql: str) -> None:
    assert Transport(settings.model_copy(update={"github_api_url": api})).graphql_url == graphql


class TestTarball:
    """The archive comes by a redirect to another host."""

    route = f"GET {API}/repos/acme/platform/tarball/abc"

    def test_it_comes_from_the_download_host_without_our_token(self, scripted: Any, acme: Any) -> None:
        target = "https://codeload.github.test/acme/platform/legacy.tar.gz/abc?token=once"
        scripted.on(self.route, httpx.Response(302, headers={"location": target}))
        scripted.on("GET /acme/platform/legacy.tar.gz/abc", httpx.Response(200, content=b"\x1f\x8bdata"))
        assert acme.repositories.tarball("acme/platform", "abc") == b"\x1f\x8bdata"
        last = scripted.requests[-1]
        assert last.url.query == b"token=once"
        assert "authorization" not in last.headers

    @pytest.mark.parametrize(
        "host", ["https://evil.test", "https://codeload.github.test.evil.test", "http://github.test"]
    )
    def test_no_other_host_is_asked(self, scripted: Any, acme: Any, host: str) -> None:
        scripted.on(self.route, httpx.Response(302, headers={"location": f"{host}/x"}))
        with pytest.raises(GitHubError, match="another host"):
            acme.repositories.tarball("acme/platform", "abc")
        assert {each.url.host for each in scripted.requests} == {"github.test"}
        assert len(scripted.requests) == 2

    def test_too_much_is_refused_and_bytes_stay_packed(self, scripted: Any, acme: Any) -> None:
        def packed(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x" * 2048))

        scripted.on(self.route, packed)
        with pytest.raises(UserError, match="larger"):
            acme.repositories.tarball("acme/platform", "abc", limit=2047)
        assert acme.repositories.tarball("acme/platform", "abc", limit=2048) == b"x" * 2048

    def test_failures_keep_their_kind(self, scripted: Any, acme: Any) -> None:
        scripted.on(self.route, _status(502), httpx.ReadError("cut"), _status(502))
        scripted.on(self.route, _json(404, {"message": "Not Found"}), httpx.Response(429))
        with pytest.raises(Transient):
            acme.repositories.tarball("acme/platform", "abc")
        with pytest.raises(GitHubError):
            acme.repositories.tarball("acme/platform", "abc")
        with pytest.raises(RateLimitedError):
            acme.repositories.tarball("acme/platform", "abc")


def _status(status: int) -> httpx.Response:
    return httpx.Response(status)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)
