"""Checks every request of the app, every answer and every emitted webhook against GitHub's description, and lists the
violations. It only watches: no answer is altered, and what it finds is read at GET /_simulator/violations.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.github.contract import PREFIXES, Contract

Json = Any
VIOLATIONS_PATH = "/_simulator/violations"
REST = tuple(f"{each}/" for each in PREFIXES)
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\Z")


@dataclass(frozen=True)
class Violation:
    """Where GitHub's description was not kept: a request, an answer or a webhook, and what is wrong with it."""

    kind: str
    name: str
    problems: tuple[str, ...]


class Checker:
    """The contract with its list of violations; safe to call from several threads."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._violations: list[Violation] = []
        self._counts = {"request": 0, "answer": 0, "webhook": 0}
        self._lock = threading.Lock()

    @property
    def violations(self) -> tuple[Violation, ...]:
        with self._lock:
            return tuple(self._violations)

    @property
    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def clear(self) -> None:
        with self._lock:
            self._violations.clear()

    def record(self, kind: str, name: str, problems: list[str]) -> None:
        with self._lock:
            self._counts[kind] += 1
            if problems:
                self._violations.append(Violation(kind, name, tuple(problems)))

    def webhook(self, event: str, payload: Mapping[str, Json]) -> None:
        """Call it with the payload as sent, once for each emission (redeliveries repeat the same bytes)."""
        payload = json.loads(json.dumps(payload))
        name = f"{event}.{payload['action']}" if "action" in payload else event
        self.record("webhook", name, self.contract.check_webhook(event, payload))

    def request(self, scope: Scope, body: bytes) -> None:
        caller = app_caller(scope)
        if caller is None:
            return
        name = f"{scope['method']} {scope['path']}"
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        decoded = decode(body, headers.get("content-type", "application/json"))
        problems = self.contract.check_request(
            scope["method"], scope["path"], query, headers, decoded, caller == "installation"
        )
        self.record("request", name, problems)

    def answer(self, scope: Scope, status: int, content_type: str, body: bytes) -> None:
        if status < 300 and content_type and not content_type.startswith("application/json"):
            return  # the caller asked for another representation: a diff, a raw file, a bare sha
        decoded = decode(body, content_type)
        problems = self.contract.check_response(scope["method"], scope["path"], status, decoded)
        self.record("answer", f"{status} {scope['method']} {scope['path']}", problems)


class CheckingMiddleware:
    """Reads along: the REST request before the app sees it, the JSON answer before the caller sees it.

    It answers one path itself: GET /_simulator/violations lists what was found, DELETE empties the list.
    """

    def __init__(self, app: ASGIApp, checker: Checker) -> None:
        self.app = app
        self.checker = checker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == VIOLATIONS_PATH:
            await self._list(scope["method"])(scope, receive, send)
            return
        if scope["type"] != "http" or not scope["path"].startswith(REST):
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        self.checker.request(scope, body)
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, _Answer(self.checker, scope, send).send)

    def _list(self, method: str) -> JSONResponse:
        if method == "DELETE":
            self.checker.clear()
        found = [asdict(each) for each in self.checker.violations]
        return JSONResponse({"violations": found, "checked": self.checker.counts})


class _Answer:
    """One answer on its way out. JSON is held until it is whole; anything else (a tarball) streams through."""

    def __init__(self, checker: Checker, scope: Scope, send: Send) -> None:
        self._checker = checker
        self._scope = scope
        self._send = send
        self._start: Message = {}
        self._type = ""
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            headers = {key.lower(): value for key, value in message["headers"]}
            self._type = headers.get(b"content-type", b"").decode("latin-1")
        elif message["type"] == "http.response.body" and "json" in self._type:
            self._body += message.get("body", b"")
        if not message.get("more_body", False) and message["type"] == "http.response.body":
            self._checker.answer(self._scope, self._start["status"], self._type, self._body)
        await self._send(message)


def app_caller(scope: Scope) -> str | None:
    """The kind of GitHub App token, `installation` or `app`; None for a person or nobody."""
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() not in ("bearer", "token"):
        return None
    if token.startswith("ghs_"):
        return "installation"
    return "app" if _JWT.fullmatch(token) else None


def decode(body: bytes, content_type: str) -> Json:
    """JSON as values; None when there is nothing; other content as it came."""
    if not body:
        return None
    if "json" not in content_type:
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


async def _read(receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
