"""Wrong and hostile questions: the status of the checklist, a body that helps, and what a client shows of it."""

import json
import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.db import Database
from core.limits import Limiter
from core.settings import Settings
from registry.services import lifecycle
from registry.services.lifecycle import OPERATOR, Words
from tests.integration.registry.uploading import archive
from tfmodule.address import Address
from tfmodule.version import Version
from web.app import create_app
from web.limits import MAX_ADDRESS, MAX_BODY

MODULES = "/v1/modules/"
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


@pytest.fixture
def client(sqlite_registry) -> TestClient:
    registry = sqlite_registry
    registry.namespace("acme")
    registry.namespace("closed", "private")
    registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("closed/bucket/aws", "1.0.0", repository_id=8)
    return TestClient(registry.app, raise_server_exceptions=False)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


WRONG = (
    ("acme/none/aws/versions", 404, "Check namespace, name and system"),
    ("acme/bucket/gcp/1.0.0/download", 404, "Check namespace, name and system"),
    ("acme/bucket/aws/9.9.9/download", 404, "`versions` lists those there are"),
    ("closed/bucket/aws/versions", 401, "TF_TOKEN_HOST"),
    ("closed/bucket/aws/1.0.0/download", 401, "terrasmith token create"),
    ("nobody/bucket/aws/versions", 401, "TF_TOKEN_HOST"),
    # The host belongs before the slash of /v1, a subdirectory stays with the client.
    ("reg.example.test/acme/bucket/aws/versions", 404, "/v1/modules/NAMESPACE/NAME/SYSTEM/versions"),
    ("acme/bucket/aws//*/versions", 404, "/v1/modules/NAMESPACE/NAME/SYSTEM/versions"),
    ("acme/bucket/aws//modules/x/versions", 404, "/v1/modules/NAMESPACE/NAME/SYSTEM/versions"),
    ("acme/bucket/aws%2F%2F*/versions", 404, "Check namespace"),
    ("acme/bucket//*/download", 404, "/api/docs describes all there is"),
    ("acme/bucket/aws/*/download", 404, "`versions` lists"),
    ("../../etc/passwd/versions", 404, "/v1/modules/NAMESPACE/NAME/SYSTEM/versions"),
    ("%2e%2e/%2e%2e/aws/versions", 404, "Check namespace"),
)


@pytest.mark.checklist("R37", "R15")
def test_R15_R37_a_wrong_address_has_the_right_status_and_a_body_that_helps(client) -> None:
    for path, status, helps in WRONG:
        answer = client.get(MODULES + path)
        assert answer.status_code == status and answer.headers["content-type"] == "application/json", path
        (said,) = answer.json()["errors"]
        assert helps in said and answer.headers["cache-control"] == "no-store", path
        assert ("www-authenticate" in answer.headers) == (status == 401), path


VERSION = "/api/v1/modules/acme/bucket/aws/versions"
NOT_THERE = (
    # (asked, what says the same to this token although it exists elsewhere, what helps)
    ("/v1/modules/nobody", "/v1/modules/closed", "`/api/v1/namespaces` lists those that it may"),
    ("/v1/modules/nobody/bucket", "/v1/modules/closed/bucket", "`/api/v1/namespaces` lists"),
    ("/v1/modules/acme/none/aws", "/v1/modules/closed/bucket/aws", "Check namespace, name and system"),
    ("/v1/uploads/upl_none", "/v1/uploads/{foreign}", "`Location` that came when it was sent"),
    (f"{VERSION}/9.9.9", None, "`versions` lists those there are"),
    (f"{VERSION}/1.0.0/readme?path=modules/x", None, "it has none"),
    (f"{VERSION}/1.0.0/example?path=examples/x", None, "This version has none"),
)


@pytest.mark.checklist("R37", "T-09")
def test_R37_T09_what_is_not_there_is_told_with_what_to_do_and_nothing_about_others(client, sqlite_registry) -> None:
    """Also where it is there, but of a namespace that the token knows nothing of."""
    theirs = _bearer(sqlite_registry.token("closed", "publish"))
    sent = client.post("/v1/modules/closed/sent/aws/1.0.0/upload", content=archive(), headers=theirs)
    assert sent.status_code == 202, sent.text
    mine = _bearer(sqlite_registry.token("acme", "publish"))
    for path, hidden, helps in NOT_THERE:
        for one in (path, hidden):
            if one is not None:
                answer = client.get(one.format(foreign=sent.json()["id"]), headers=mine)
                (said,) = answer.json()["errors"]
                assert answer.status_code == 404 and helps in said, (one, said)
    actions: tuple[tuple[lifecycle.Action, str], ...] = (("quarantine", "quarantined"), ("remove", "removed"))
    for action, word in actions:
        with sqlite_registry.database.unit_of_work() as session:
            wanted = Address.parse("acme/bucket/aws"), Version.parse("1.0.0")
            lifecycle.change(session, action, *wanted, Words("it leaks"), OPERATOR)
        for tail in ("1.0.0/download", "1.0.0"):
            (said,) = client.get(f"{MODULES}acme/bucket/aws/{tail}").json()["errors"]
            assert word in said and "it leaks. Choose another one: the module's `versions` lists" in said


@pytest.mark.checklist("T-09")
def test_T09_a_private_module_is_for_a_stranger_what_a_missing_one_is(client, sqlite_registry) -> None:
    other = _bearer(sqlite_registry.token("acme"))
    for headers, status in (({}, 401), (other, 404)):
        for tail in ("versions", "1.0.0/download", "1.0.0/provenance"):
            asked = [client.get(f"{MODULES}{name}/{tail}", headers=headers) for name in
                     ("closed/bucket/aws", "closed/none/aws", "nobody/bucket/aws")]  # fmt: skip
            assert {(one.status_code, one.text) for one in asked} == {(status, asked[0].text)}


PATHS = ("/.well-known/terraform.json", f"{MODULES}acme/bucket/aws/versions", "/nothing",
         f"{MODULES}acme/bucket/aws/1.0.0/download", f"{MODULES}acme/none/aws/versions")  # fmt: skip
HOSTS = ("evil.example", "reg.example.test:1", "", "x" * 3000, "a\tb", "[::1", "127.0.0.1:99999", "%00", "ünïcode")


@pytest.mark.checklist("T-13")
def test_T13_a_wrong_host_changes_no_answer_and_is_never_repeated(client) -> None:
    for path in PATHS:
        right = client.get(path)
        for host in HOSTS:
            wrong = client.get(path, headers={"Host": host.encode(), "X-Forwarded-Host": host.encode()})
            assert (wrong.status_code, wrong.content) == (right.status_code, right.content), (path, host)
            assert dict(wrong.headers) == dict(right.headers)


QUERIES = (
    "x=%00", "x=%ff%fe", "%", "&&&==", "x[]=1&x[__proto__]=2", "limit=-1&offset=99999999999999999999", "a=1&" * 1000,
    "checksum=sha256:0", "archive=false", "q=%27%20OR%201=1--", "redirect=//evil.example", "x=\u00e9", "?" * 500,
)  # fmt: skip


def test_a_hostile_query_string_changes_nothing(client) -> None:
    for path in PATHS:
        plain = client.get(path)
        for query in QUERIES:
            asked = client.get(f"{path}?{query}")
            assert (asked.status_code, asked.content) == (plain.status_code, plain.content), (path, query)


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=60), query=st.text(max_size=60))
@pytest.mark.checklist("R37")
def test_R37_no_address_that_can_be_typed_breaks_anything(hypothesis_client, path: str, query: str) -> None:
    from urllib.parse import quote

    for prefix in (MODULES, "/archives/", "/"):
        answer = hypothesis_client.get(prefix + quote(path, safe="/%+"), params={"q": query})
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert list(answer.json()) == ["errors"]


@pytest.fixture
def hypothesis_client(sqlite_registry) -> TestClient:
    return TestClient(sqlite_registry.app, raise_server_exceptions=False)


# Every route there is, in every way that can go wrong.


def _plausible(route: Any) -> str:
    """An address of this route."""
    values = {"namespace": "acme", "name": "none", "system": "aws", "version": "1.0.0", "file": f"{'0' * 64}.tar.gz",
              "expires": "1", "token": "tok_x", "signature": "x", "upload": "upl_x"}  # fmt: skip
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values.get(found[1], "x"), route.path)


def _walk(app: Starlette, ask: Callable[[str, str], Any]) -> set[int]:
    """Ask every route by every method; every refusal has the one shape. Which statuses were met."""
    met = set()
    for route in cast("list[Any]", app.routes):
        if route.path == "/readyz":  # says what is missing in a form of its own
            continue
        for method in METHODS:
            answer = ask(method, _plausible(route))
            met.add(answer.status_code)
            if answer.status_code >= 400 and method != "HEAD":
                where = f"{method} {route.path}: {answer.status_code} {answer.text}"
                assert answer.headers["content-type"] == "application/json", where
                body = answer.json()
                assert list(body) == ["errors"], where
                assert body["errors"] and all(isinstance(one, str) and one for one in body["errors"]), where
    return met


@pytest.fixture
def application(sqlite_registry, settings: Settings) -> Callable[..., Starlette]:
    def make(database: Database | None = None, **changes: str) -> Starlette:
        given = Settings(**(dict(settings) | changes))
        storage = sqlite_registry.storage
        return create_app(given, database or sqlite_registry.database, storage, limiter=Limiter())

    return make


@pytest.mark.checklist("R37")
def test_R37_every_route_refuses_in_one_shape(application, sqlite_registry) -> None:
    sqlite_registry.namespace("acme")
    app = application()
    client = TestClient(app, raise_server_exceptions=False)
    reader, publisher = sqlite_registry.token("acme"), sqlite_registry.token("acme", "publish")
    met = set()
    for headers in ({}, _bearer(reader), _bearer(publisher)):
        met |= _walk(app, lambda method, path, headers=headers: client.request(method, path, headers=headers))
    large = b"x" * (MAX_BODY + 1)
    met |= _walk(app, lambda method, path: client.request(method, path, content=large, headers=_bearer(publisher)))
    met |= _walk(app, lambda method, path: client.request(method, f"{path}?{'x' * MAX_ADDRESS}"))
    kind = _bearer(publisher) | {"Content-Type": "application/zip", "Content-Digest": "nonsense"}
    met |= _walk(app, lambda method, path: client.request(method, path, content=b"PK", headers=kind))
    assert {400, 401, 403, 404, 405, 413, 414, 415} <= met
    assert not met & {500, 503}


@pytest.mark.checklist("R37")
def test_R37_so_it_does_without_a_database_and_beyond_its_budgets(application, tmp_path) -> None:
    away = Database(f"sqlite:///{tmp_path}/no/such/folder.db")
    app = application(away)
    client = TestClient(app, raise_server_exceptions=False)
    headers = _bearer("tsm_0000000000000000000000000000000000000")
    assert 503 in _walk(app, lambda method, path: client.request(method, path, headers=headers))
    off = {f"rate_limit_{kind}": "1/hour" for kind in ("reads", "downloads", "archives", "writes")}
    app = application(**off)
    client = TestClient(app, raise_server_exceptions=False)
    met = _walk(app, client.request)
    assert 429 in met and 500 not in met
    away.dispose()


# What a person at a real Terraform sees of it.


class Between:
    """Around an application: does something before a download is answered."""

    def __init__(self, app: Any, act: Callable[[Any], None]) -> None:
        self.app, self.act = app, act
        self.statuses: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            self.statuses += [message["status"]] if message["type"] == "http.response.start" else []
            await send(message)

        if scope["path"].endswith("/download"):
            self.act(scope)
        await self.app(scope, receive, sending)


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.checklist("R15")
def test_R15_terraform_shows_why_a_download_failed_and_what_to_do(sqlite_registry, serving, terraform) -> None:
    registry = sqlite_registry
    registry.namespace("acme", "private")
    registry.publish("acme/bucket/aws", "1.0.0")

    def remove(_scope: Any) -> None:
        with registry.database.unit_of_work() as session:
            lifecycle.remove(
                session, Address.parse("acme/bucket/aws"), Version.parse("1.0.0"), "it leaks keys", "operator"
            )

    def forget_token(scope: Any) -> None:
        scope["headers"] = [one for one in scope["headers"] if one[0] != b"authorization"]

    for act, shown in (
        (forget_token, ["401 Unauthorized", "mistyped, expired or revoked", "terrasmith token create"]),
        (remove, ["410 Gone", "Version 1.0.0 was removed and will not come back: it leaks keys"]),
    ):
        with serving(Between(registry.app, act)) as port:
            work = terraform(port, registry.token("acme"))
            done = work.get("reg.example.test/acme/bucket/aws", "1.0.0")
        assert done.returncode == 1
        assert not [words for words in shown if words not in _words(done.stderr)], done.stderr


@pytest.mark.checklist("R23")
def test_R23_a_star_for_a_subdirectory_is_refused_by_the_client_and_harms_nobody(
    sqlite_registry, serving, terraform
) -> None:
    sqlite_registry.namespace("acme")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    app = Between(sqlite_registry.app, lambda scope: None)
    with serving(app) as port:
        done = terraform(port).get("reg.example.test/acme/bucket/aws//*", "1.0.0")
    assert done.returncode == 1 and "*" in done.stderr
    assert app.statuses and set(app.statuses) == {200}


def test_a_removed_version_says_so_and_stays_hidden_from_strangers(client, sqlite_registry) -> None:
    registry = sqlite_registry
    with registry.database.unit_of_work() as session:
        lifecycle.remove(session, Address.parse("closed/bucket/aws"), Version.parse("1.0.0"), "it leaks", "operator")
    path = f"{MODULES}closed/bucket/aws/1.0.0/download"
    gone = client.get(path, headers=_bearer(registry.token("closed")))
    assert gone.status_code == 410 and "it leaks" in json.dumps(gone.json()["errors"])
    assert client.get(path).status_code == 401
    assert client.get(path, headers=_bearer(registry.token("acme"))).status_code == 404
