"""A GitHub of scripted answers behind httpx's transport: it knows nothing, records everything, and mints tokens."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.github.gateway import GitHub, InstallationClient
from bot.github.tokens import TokenCache
from core.settings import Settings

INSTALLATION = 7
SECRET = "0123456789abcdef0123456789abcdef"

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    """One answer; header names with underscores for dashes."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        httpx.Response(status, json=body, headers=names) if body is not None else httpx.Response(status, headers=names)
    )


def refusal(status: int, message: str, **headers: str) -> httpx.Response:
    return answer(status, {"message": message}, **headers)


@dataclass
class ScriptedGitHub:
    """Answers by "METHOD /path" in the order given; the last answer repeats. An unscripted request fails the test."""

    requests: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    minted: int = 0
    mint: list[Reply] = field(default_factory=list)
    _script: dict[str, list[Reply]] = field(default_factory=dict)

    def on(self, route: str, *replies: Reply) -> None:
        self._script.setdefault(route, []).extend(replies)

    def sent(self, route: str) -> list[httpx.Request]:
        return [each for each in self.requests if f"{each.method} {each.url.path}" == route]

    def bodies(self, route: str) -> list[Any]:
        return [json.loads(each.content) for each in self.sent(route)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/access_tokens") and not self.mint:
            self.minted += 1
            return answer(201, {"token": f"ghs_secret{self.minted}", "expires_at": _hour_from_now(), "permissions": {}})
        route = f"{request.method} {request.url.path}"
        replies = self.mint if request.url.path.endswith("/access_tokens") else self._script.get(route)
        assert replies, f"not scripted: {route}"
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        if callable(reply):
            return reply(request)
        stream = httpx.ByteStream(reply.content)
        return httpx.Response(reply.status_code, headers=_without_length(reply.headers), stream=stream)


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def settings(private_key: str) -> Settings:
    return Settings(
        github_app_id=1,
        github_private_key=private_key,
        github_api_url="https://github.test/api/v3",
        github_web_url="https://github.test",
        secret_key=SECRET,
    )


@pytest.fixture
def scripted() -> ScriptedGitHub:
    return ScriptedGitHub()


@pytest.fixture
def github(settings: Settings, scripted: ScriptedGitHub) -> Iterator[GitHub]:
    http = httpx.MockTransport(scripted)
    with GitHub(settings, TokenCache(None, settings), http=http, sleep=scripted.slept.append) as gateway:
        yield gateway


@pytest.fixture
def acme(github: GitHub) -> InstallationClient:
    return github.installation(INSTALLATION)


def _hour_from_now() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _without_length(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.multi_items() if name != "content-length"]
