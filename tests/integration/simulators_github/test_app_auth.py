"""The app's JWT and its tokens: what is accepted, what is refused, how far a token reaches."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def at(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims as they are now: moments are given in seconds from now."""
    now = int(time.time())
    return {
        name: now + value if name in ("iat", "exp") and value is not None else value for name, value in claims.items()
    }


def other_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


@pytest.mark.checklist("G8")
@pytest.mark.parametrize(
    "claims",
    [{}, {"iss": "Iv1.x"}, {"iat": -60, "exp": 600}, {"iat": -300}],
    ids=["app id", "client id", "ten minutes back-dated", "old issue time"],
)
def test_a_good_jwt_is_the_app(github: Any, claims: dict[str, Any]) -> None:
    answer = github.client(github.jwt(**at(claims))).get("/app")
    assert answer.status_code == 200
    assert answer.json()["slug"] == "terrasmith"


@pytest.mark.checklist("G8")
@pytest.mark.parametrize(
    "claims",
    [
        {"key": "other"},
        {"iss": "2"},
        {"iss": None},
        {"exp": -1},
        {"exp": 3600},
        {"exp": None},
        {"iat": None},
        {"iat": 300, "exp": 500},
        {"algorithm": "HS256", "key": "x" * 40},
    ],
    ids=["other key", "other app", "no issuer", "expired", "an hour", "no exp", "no iat", "from the future", "HS256"],
)
def test_a_bad_jwt_is_refused(github: Any, claims: dict[str, Any]) -> None:
    if claims.get("key") == "other":
        claims = {**claims, "key": other_key()}
    algorithm = claims.get("algorithm", "RS256")
    token = github.jwt(**{**at(claims), "algorithm": algorithm})
    assert github.client(token).get("/app").status_code == 401


def test_rubbish_and_missing_credentials_are_refused(github: Any) -> None:
    for token in ("a.b.c", "ghs_nobody", "e30.e30."):
        assert github.client(token).get("/app").status_code == 401
    assert github.client().get("/app").status_code == 401
    assert github.client("ghs_nobody").get("/repos/acme/platform").status_code == 401


def test_a_token_is_no_jwt_and_a_jwt_is_no_token(github: Any) -> None:
    assert github.bot().get("/app").status_code == 401
    assert github.app().get("/installation/repositories").status_code == 401


@pytest.mark.checklist("G8", "G9")
def test_a_token_is_opaque_and_lives_an_hour(start: Callable[..., Any]) -> None:
    github = start()
    token = github.token()
    assert token.startswith("ghs_") and len(token) > 500
    bot = github.client(token)
    assert bot.get("/installation/repositories").json()["total_count"] == 2
    github.switch("clock", advance_seconds=3590)
    assert bot.get("/installation/repositories").status_code == 200
    github.switch("clock", advance_seconds=20)
    assert bot.get("/installation/repositories").status_code == 401


@pytest.mark.checklist("G8", "S11")
def test_a_token_can_be_narrowed_to_repositories(github: Any) -> None:
    bot = github.bot(repositories=["platform"])
    assert [one["full_name"] for one in bot.get("/installation/repositories").json()["repositories"]] == [
        "acme/platform"
    ]
    assert bot.get("/repos/acme/secret").status_code == 404
    refused = github.app().post(
        f"/app/installations/{github.app().get('/orgs/acme/installation').json()['id']}/access_tokens",
        json={"repositories": ["nothing-here"]},
    )
    assert refused.status_code == 422


@pytest.mark.checklist("G8", "G13")
def test_a_token_can_be_narrowed_to_permissions(github: Any) -> None:
    bot = github.bot(permissions={"contents": "read"})
    refused = bot.post("/repos/acme/platform/issues", json={"title": "no"})
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"
    assert "issues=write" in refused.headers["x-accepted-github-permissions"]
    app = github.app()
    installation = app.get("/orgs/acme/installation").json()["id"]
    wider = app.post(f"/app/installations/{installation}/access_tokens", json={"permissions": {"workflows": "write"}})
    assert wider.status_code == 422


@pytest.mark.checklist("S11")
def test_an_installation_stays_inside_its_organisation(github: Any) -> None:
    bot = github.bot()
    assert bot.get("/repos/elsewhere/hidden").status_code == 404
    assert bot.get("/repos/elsewhere/open").status_code == 200
    assert bot.post("/repos/elsewhere/open/issues", json={"title": "x"}).status_code == 403
    assert bot.post("/orgs/elsewhere/repos", json={"name": "x"}).status_code == 403
    hidden = github.client("ghp_bob").get("/repos/elsewhere/hidden").json()["id"]
    assert bot.get(f"/repositories/{hidden}").status_code == 404


def test_a_suspended_installation_is_dead_until_it_is_woken(start: Callable[..., Any]) -> None:
    github = start()
    app, bot = github.app(), github.bot()
    installation = app.get("/orgs/acme/installation").json()["id"]
    assert app.put(f"/app/installations/{installation}/suspended").status_code == 204
    assert bot.get("/repos/acme/platform").status_code == 401
    assert app.post(f"/app/installations/{installation}/access_tokens").status_code == 403
    assert app.delete(f"/app/installations/{installation}/suspended").status_code == 204
    assert bot.get("/repos/acme/platform").status_code == 200


def test_a_revoked_token_is_dead(github: Any) -> None:
    bot = github.bot()
    assert bot.delete("/installation/token").status_code == 204
    assert bot.get("/installation/repositories").status_code == 401


@pytest.mark.checklist("S7")
def test_permissions_of_people_are_told_live(github: Any) -> None:
    bot = github.bot(permissions={"metadata": "read"})

    def permission(login: str, name: str) -> Any:
        return bot.get(f"/repos/{name}/collaborators/{login}/permission")

    assert permission("ada", "acme/platform").json()["permission"] == "write"
    assert permission("zoe", "acme/secret").json()["role_name"] == "admin"
    assert permission("bob", "acme/platform").json()["permission"] == "read"
    assert permission("bob", "acme/secret").json()["permission"] == "none"
    assert permission("nobody-at-all", "acme/platform").status_code == 404


def test_a_user_has_an_own_name_and_limits(github: Any) -> None:
    bob = github.client("ghp_bob")
    assert bob.get("/user").json()["login"] == "bob"
    assert bob.get("/repos/acme/secret").status_code == 404
    assert bob.put("/repos/acme/platform/contents/x", json={"message": "x", "content": "eA=="}).status_code == 403
    assert github.bot().get("/user").status_code == 403
