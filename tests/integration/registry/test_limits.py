"""Limits on the whole application: budgets by token and by address, caps on bodies and heads, and a real Terraform."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.webhook import PATH as WEBHOOK
from core.limits import Limiter
from core.settings import Settings
from registry.services.staging import content_digest
from terrasmith.publish_client import Body, PublishClient
from tests.integration.registry.uploading import archive
from tfmodule.address import Address
from tfmodule.version import Version
from web.app import create_app, create_served
from web.limits import MAX_ADDRESS, MAX_BODY, Limits
from web.wire import MAX_HEAD

MODULE = "/v1/modules/acme/bucket/aws"


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def limited(sqlite_registry, settings: Settings, hands: Hands) -> Callable[..., Starlette]:
    """`limited(reads="2/minute")` is the registry's application with these budgets; a module lies in it."""
    sqlite_registry.namespace("acme")
    sqlite_registry.namespace("closed", "private")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")

    def make(trusted_proxies: str = "", **budgets: str) -> Starlette:
        values = {f"rate_limit_{kind}": text for kind, text in budgets.items()}
        given = Settings(**(dict(settings) | values | {"trusted_proxies": trusted_proxies}))
        return create_app(given, sqlite_registry.database, sqlite_registry.storage, limiter=Limiter(hands))

    return make


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _statuses(client: TestClient, path: str, times: int, **more: Any) -> list[int]:
    return [client.get(path, **more).status_code for _ in range(times)]


@pytest.mark.checklist("R15", "R37")
def test_R15_R37_too_many_is_429_with_the_time_to_wait_and_each_kind_has_its_own_budget(limited, hands) -> None:
    client = TestClient(
        limited(reads="2/10 seconds", downloads="1/10 seconds", archives="1/10 seconds", writes="1/minute")
    )
    assert _statuses(client, f"{MODULE}/versions", 3) == [200, 200, 429]
    refused = client.get(f"{MODULE}/versions")
    assert refused.headers["retry-after"] == "11" and refused.headers["content-type"] == "application/json"
    assert (
        refused.headers["ratelimit-policy"] == '"reads";q=2;w=10' and refused.headers["ratelimit"] == '"reads";r=0;t=11'
    )
    assert refused.headers["cache-control"] == "no-store" and refused.headers["x-content-type-options"] == "nosniff"
    (said,) = refused.json()["errors"]
    assert "2 (reads) in 10 seconds" in said and "try again in 11 seconds" in said

    answer = client.get(f"{MODULE}/1.0.0/download")
    assert answer.status_code == 200 and _statuses(client, f"{MODULE}/1.0.0/download", 1) == [429]
    archive = answer.json()["location"]
    assert _statuses(client, archive, 2) == [200, 429]
    posted = [client.post(f"{MODULE}/2.0.0/upload", content=b"x").status_code for _ in range(2)]
    assert posted == [401, 429]
    # What a client asks once and gives up without, and what decides whether we live, is always answered.
    for path in ("/.well-known/terraform.json", "/livez", "/readyz"):
        assert _statuses(client, path, 3) == [200] * 3
    assert client.post(WEBHOOK, content=b"{}").status_code == 401
    assert "<h1>" in client.get("/", headers={"Accept": "text/html"}).text, "a person gets a page"
    hands.now += 11
    assert _statuses(client, f"{MODULE}/versions", 1) == [200]


def test_off_is_off(limited) -> None:
    client = TestClient(limited(reads="off", failures="0"))
    assert set(_statuses(client, f"{MODULE}/versions", 50)) == {200}
    assert set(_statuses(client, f"{MODULE}/versions", 5, headers=_bearer("tsm_x"))) == {200}


def test_a_token_has_its_own_budget_only_once_it_was_recognised(limited, sqlite_registry, hands) -> None:
    first, second = sqlite_registry.token("closed"), sqlite_registry.token("acme")
    client = TestClient(limited(reads="4/10 seconds"))
    # Recognised by their first request; from then on colleagues behind one address do not disturb each other.
    for secret in (first, second):
        assert _statuses(client, f"{MODULE}/versions", 1, headers=_bearer(secret)) == [200]
    assert _statuses(client, f"{MODULE}/versions", 3) == [200, 200, 429]
    for secret in (first, second):
        assert _statuses(client, f"{MODULE}/versions", 5, headers=_bearer(secret)) == [200] * 4 + [429]
    hands.now += 100
    spellings = [f"Bearer {first}", f"bEaReR   {first} ", f"BEARER \t{first}\t", f" Bearer\t{first}"]
    asked = [client.get(f"{MODULE}/versions", headers={"Authorization": one.encode("latin-1")}) for one in spellings]
    assert [one.status_code for one in asked] == [200] * 4
    assert _statuses(client, f"{MODULE}/versions", 1, headers=_bearer(first)) == [429]
    # Tokens that were made up buy nothing, not even where nobody asks for one.
    hands.now += 100
    strangers = [client.get("/", headers=_bearer(f"tsm_{one:036}")).status_code for one in range(6)]
    assert strangers == [200] * 4 + [429] * 2


class _Ready:
    """An application that has answers ready and keeps a token in mind, as a hot path does."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def at_once(self, scope: Any) -> str | None:
        self.calls.append("at once")
        return "ready" if scope["raw_path"] == b"/ready" else None

    def caller_of(self, header: bytes) -> Any:
        return SimpleNamespace(token_id="tok_1") if header == b"Bearer good" else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append("long way")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def test_an_answer_that_is_ready_costs_the_same_and_a_long_way_is_paid_once(settings) -> None:
    hot = _Ready()
    limits = Limits(
        hot, settings=settings.model_copy(update={"rate_limit_reads": "2/minute"}), limiter=Limiter(Hands())
    )

    def scope(path: bytes, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
        head: dict[str, Any] = {"type": "http", "method": "GET", "raw_path": path, "query_string": b""}
        return head | {"headers": [*headers], "client": ("8.8.8.8", 1)}

    def long_way(asked: dict[str, Any]) -> int:
        statuses = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))

        asyncio.run(limits(asked | {"path": asked["raw_path"].decode()}, None, send))  # type: ignore[arg-type]
        return statuses[0]

    assert limits.at_once(scope(b"/ready")) == "ready"
    asked = scope(b"/other")
    assert limits.at_once(asked) is None and long_way(asked) == 200
    refused = scope(b"/ready")
    assert limits.at_once(refused) is None and long_way(refused) == 429
    good = (b"authorization", b"Bearer good")
    assert [limits.at_once(scope(b"/ready", good)) for _ in range(3)] == ["ready", "ready", None]
    assert limits.at_once(scope(b"/ready", (b"authorization", b"Bearer bad"))) is None
    assert limits.at_once(scope(b"/ready", (b"authorization", b""), good)) is None, "the first one counts, as ever"
    assert hot.calls == ["at once", "at once", "long way", "at once", "at once"]
    assert Limits(lambda *_: None, settings=settings, limiter=Limiter()).at_once(scope(b"/ready")) is None  # type: ignore[arg-type]


@pytest.mark.checklist("T-07")
def test_T07_guessing_tokens_shuts_out_who_guesses_and_nobody_else(limited, sqlite_registry, hands) -> None:
    good = sqlite_registry.token("closed")
    client = TestClient(limited(failures="3/minute"))
    path = "/v1/modules/closed/none/aws/versions"
    assert _statuses(client, path, 1, headers=_bearer(good)) == [404]
    guesses = [client.get(path, headers=_bearer(f"tsm_{one:036}")) for one in range(5)]
    assert [one.status_code for one in guesses] == [401] * 3 + [429] * 2
    assert "not valid here" in guesses[-1].json()["errors"][0]
    assert 1 <= int(guesses[-1].headers["retry-after"]) <= 61
    assert _statuses(client, path, 1) == [401], "without a token one is a stranger, and told so"
    assert _statuses(client, path, 9, headers=_bearer(good)) == [404] * 9, "known from before"
    hands.now += 121
    assert _statuses(client, path, 1, headers=_bearer("tsm_x")) == [401]


def test_only_a_named_proxy_says_who_asks(limited) -> None:
    for trusted, seen in (("", [200, 429, 429]), ("10.0.0.0/8", [200, 200, 429])):
        client = TestClient(limited(trusted, reads="1/minute"), client=("10.0.0.1", 1))
        asked = ["198.51.100.1", "6.6.6.6, 198.51.100.2", "7.7.7.7, 198.51.100.2"]
        assert [client.get(f"{MODULE}/versions", headers={"X-Forwarded-For": one}).status_code for one in asked] == seen


def test_long_addresses_and_large_bodies_are_refused_before_anything_is_done(limited) -> None:
    client = TestClient(limited())
    long = client.get(f"{MODULE}/versions?x={'y' * MAX_ADDRESS}")
    assert long.status_code == 414 and "8 KiB" in long.json()["errors"][0]

    for method, content in (
        ("POST", b"x" * (MAX_BODY + 1)),
        ("GET", b"x" * (MAX_BODY + 1)),
        ("PUT", b"x" * (MAX_BODY + 1)),
    ):
        large = client.request(method, f"{MODULE}/versions", content=content)
        assert large.status_code == 413 and list(large.json()) == ["errors"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_route_that_reads_its_body_never_gets_more_than_it_may_have(
    sqlite_registry, settings, announced: bool
) -> None:
    from accounts.http import route
    from accounts.permissions import Permission
    from registry.api.json_body import json_response

    async def read(request):
        return json_response({"size": len(await request.body())})

    extra = [route("/v1/echo", read, permission=Permission.PUBLIC, methods=("POST",))]
    client = TestClient(create_app(settings, sqlite_registry.database, sqlite_registry.storage, extra))

    def body(size: int) -> Any:
        return b"x" * size if announced else iter([b"x" * (size // 2), b"x" * (size - size // 2)])

    assert client.post("/v1/echo", content=body(MAX_BODY)).json() == {"size": MAX_BODY}
    large = client.post("/v1/echo", content=body(MAX_BODY + 1))
    assert large.status_code == 413 and "64 KiB" in large.json()["errors"][0]


def _talk(port: int, *pieces: bytes) -> bytes:
    """What the server says to these bytes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        for piece in pieces:
            try:
                one.sendall(piece)
            except OSError:  # it has closed already
                break
        received = b""
        try:
            while chunk := one.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


@pytest.mark.checklist("R37")
def test_R37_what_is_no_request_or_has_no_end_gets_the_one_shape_too(sqlite_registry, serving) -> None:
    with serving(sqlite_registry.app) as port:
        begin = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
        for status, pieces in (
            (400, [b"this is no request\r\n\r\n"]),
            (400, [b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"]),
            (400, [b"GET // HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"]),
            # To the byte: what is sent after the refusal would make the system forget the answer.
            (431, [begin + b"X-Long: ", b"y" * (MAX_HEAD - len(begin) - 8)]),
            (431, [begin + b"X: y\r\n" * 10_000, b"X: " + b"y" * (MAX_HEAD - len(begin) - 60_003)]),
            (431, [b"GET /" + b"y" * (MAX_HEAD - 5)]),
        ):
            head, _, body = _talk(port, *pieces).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status), (head, pieces[0][:40])
            assert b"content-type: application/json" in head and list(json.loads(body)) == ["errors"]
        fine = _talk(port, begin + b"X-Long: " + b"y" * 8000 + b"\r\nConnection: close\r\n\r\n")
        assert fine.startswith(b"HTTP/1.1 200 ")
        assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200


class Heard:
    """Around an application: which statuses went out; after a refusal time goes on at once."""

    def __init__(self, app: Any, hands: Hands) -> None:
        self.app, self.hands = app, hands
        self.answers: list[tuple[str, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answers.append((scope["path"].rsplit("/", 1)[-1], message["status"]))
                if message["status"] == 429:
                    self.hands.now += 1000
            await send(message)

        await self.app(scope, receive, sending)


@pytest.mark.checklist("R15")
def test_R15_terraform_waits_as_told_and_installs(limited, hands, serving, terraform) -> None:
    app = Heard(limited(reads="1/second"), hands)
    TestClient(app, client=("127.0.0.1", 1)).get(f"{MODULE}/versions")
    app.answers.clear()
    began = time.monotonic()
    with serving(app) as port:
        work = terraform(port)
        done = work.get("reg.example.test/acme/bucket/aws", "1.0.0")
    assert done.returncode == 0, done.stderr
    assert app.answers[:2] == [("versions", 429), ("versions", 200)]
    assert work.installed()[0] == "1.0.0" and time.monotonic() - began >= 1


def test_a_publisher_waits_as_told(limited, sqlite_registry, hands, serving) -> None:
    """`terrasmith publish` honours it as well: its client is ours."""
    token, data = sqlite_registry.token("acme", "publish"), archive()
    body = Body(data, len(data), content_digest(hashlib.sha256(data).hexdigest()))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        hands.now += seconds

    with serving(limited(writes="1/minute")) as port, PublishClient(f"http://127.0.0.1:{port}", token, sleep) as client:
        for version in ("3.0.0", "3.1.0", "3.2.0"):
            told = client.send(Address.parse("acme/sent/terraform"), Version.parse(version), body, version)
            assert told["state"] == "received"
    assert waits and min(waits) >= 1


def test_large_bodies_of_strangers_have_few_places(sqlite_registry, settings, serving) -> None:
    """Eight bodies of a mebibyte and more at once; the ninth is told to come again, small ones go on."""
    head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {20 << 20}\r\n\r\n".encode()
    with serving(sqlite_registry.app) as port:
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
        try:
            for one in held:
                one.sendall(head + b"x" * 1000)
            url = f"http://127.0.0.1:{port}{WEBHOOK}"
            deadline = time.monotonic() + 30
            while (busy := httpx.post(url, content=b"x" * (2 << 20))).status_code != 503:
                assert time.monotonic() < deadline
            assert busy.headers["retry-after"] == "5" and list(busy.json()) == ["errors"]
            assert httpx.post(url, content=b"{}").status_code == 401
        finally:
            for one in held:
                one.close()
        while (after := httpx.post(url, content=b"x" * (2 << 20))).status_code == 503:
            assert time.monotonic() < deadline
        assert after.status_code == 401


@pytest.mark.parametrize("private", [False, True])
def test_the_hot_path_pays_from_the_same_budgets(
    limited, hands: Hands, sqlite_registry, settings, serving, private: bool
) -> None:
    """As it is served: ready answers, long ways and refusals on one connection; a token is recognised from memory."""
    limited()
    given = settings.model_copy(update={"rate_limit_reads": "5/minute"})
    served = create_served(given, sqlite_registry.database, sqlite_registry.storage)
    token = sqlite_registry.token("closed" if private else "acme")
    served.start()
    try:
        with serving(Limits(served, settings=given, limiter=Limiter(hands))) as port, httpx.Client() as client:
            url = f"http://127.0.0.1:{port}{MODULE}/versions"
            assert [client.get(url).status_code for _ in range(7)] == [200] * 5 + [429] * 2
            assert client.get(url).json()["errors"] and client.get(f"http://127.0.0.1:{port}/livez").status_code == 200
            # The address has nothing left; a token that the hot path does not know yet pays from there too.
            assert client.get(url, headers=_bearer(token)).status_code == 429
            hands.now += 120
            assert [client.get(url, headers=_bearer(token)).status_code for _ in range(8)] == [200] * 6 + [429] * 2
            assert served.answered.total() > 5
    finally:
        served.stop()
