"""The ASGI application: finds the route, proves the caller, runs the handler in one transaction, adds GitHub's headers.

It refuses with 501 whatever has no route, naming it, so that nothing is silently pretended.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from . import checks, faults
from .access import ANONYMOUS, Actor, BadCredentialsError, authenticate
from .admission import admit, load_repository
from .call import ApiError, Call, Reply
from .deliveries import Sender
from .git_http import GitHttp
from .routing import Route, Routes, Table
from .store import Row
from .world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MAX_BODY = 100 * 1024 * 1024


def collect_routes() -> list[Routes]:
    """Every `routes` of every routes_*.py in this package and in pages/."""
    found: list[Routes] = []
    package = __name__.rpartition(".")[0]
    for where in (package, f"{package}.pages", f"{package}.graphql"):
        try:
            parent = importlib.import_module(where)
        except ModuleNotFoundError:
            continue
        for info in pkgutil.iter_modules(parent.__path__):
            if info.name.startswith("routes_"):
                module = importlib.import_module(f"{where}.{info.name}")
                routes = module.routes
                found.extend(routes if isinstance(routes, list) else [routes])
    return found


class Simulator:
    def __init__(self, world: World) -> None:
        self.world = world
        self.table = Table(collect_routes())
        world.after_push = [checks.on_push]
        self.sender = Sender(world)
        self.git_http = GitHttp(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        if self.git_http.wants(scope):
            await self.git_http(scope, receive, send)
            self.sender.wake()
            return
        raw = await _read(receive)
        method, path = scope["method"], scope["path"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        reply = await self._answer(method, path, query, headers, raw)
        self.sender.wake()
        await _write(send, reply, head=method == "HEAD")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.sender.wake()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.sender.stop()
                self.world.store.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], raw: bytes
    ) -> Reply:
        fault: Row | None = None
        if not path.startswith("/_simulator"):
            with self.world.store.transaction():
                fault = faults.take_request(self.world, method, path)
        if fault and fault["kind"] == "slow":
            await asyncio.sleep(fault["seconds"])
        refusal = faults.refuse(self.world, fault) if fault else None
        path = _by_name(self.world, path)
        found = self.table.find(method, path)
        if refusal:
            reply = _error(refusal)
        elif found is None:
            reply = _error(ApiError(501, f"The simulator does not know {method} {path}"))
        else:
            reply = self._run(found[0], found[1], path, query, headers, raw)
        if fault and fault["kind"] == "502-after":
            reply = _error(ApiError(502, "Server Error"))
        return _with_headers(self.world, found[0] if found else None, reply, method, headers)

    def _run(
        self,
        route: Route,
        params: dict[str, str],
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        raw: bytes,
    ) -> Reply:
        actor: Actor = ANONYMOUS
        try:
            with self.world.store.transaction():
                if route.who != "anyone":
                    actor = authenticate(self.world, headers.get("authorization"))
                call = Call(self.world, route, actor, params, query, headers, raw, path)
                if route.in_repository:
                    call.repo_row = load_repository(self.world, call)
                admit(call)
                answer = route.handler(call)
                reply = answer if isinstance(answer, Reply) else Reply(200, answer)
                if route.writes and not call.effects and reply.status < 400 and not path.startswith("/_simulator"):
                    call.effect(f"{route.method} {route.template}", path)
                reply.headers = {**call.reply_headers, **reply.headers}
                return reply
        except BadCredentialsError as error:
            return _error(ApiError(401, str(error)))
        except ApiError as error:
            return _error(error)


def _by_name(world: World, path: str) -> str:
    """Everything of a repository lies under its id as well: that is where GitHub redirects to after a renaming."""
    by_id = re.fullmatch(r"/api/v3/repositories/(\d+)(/.+)", path)
    repo = world.store.get("repositories", int(by_id[1])) if by_id else None
    return f"/api/v3/repos/{world.full_name(repo)}{by_id[2]}" if by_id and repo else path


async def _read(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        size += len(message.get("body", b""))
        if size <= MAX_BODY:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


async def _write(send: Send, reply: Reply, *, head: bool) -> None:
    body = _encoded(reply)
    headers = {"content-type": reply.media, **reply.headers, "content-length": str(len(body))}
    if reply.status in (204, 304):
        headers.pop("content-length")
        headers.pop("content-type")
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _encoded(reply: Reply) -> bytes:
    if reply.status in (204, 304):
        return b""
    if isinstance(reply.body, bytes):
        return reply.body
    if isinstance(reply.body, str):
        return reply.body.encode("utf-8")
    return json.dumps(reply.body).encode("utf-8") if reply.body is not None else b""


def _error(error: ApiError) -> Reply:
    return Reply(error.status, error.body, dict(error.headers))


def _with_headers(world: World, route: Route | None, reply: Reply, method: str, headers: dict[str, str]) -> Reply:
    """What every answer of GitHub's API carries, and 304 for a reader who already has it."""
    if route is not None and not route.template.startswith("/api"):
        return reply
    version = headers.get("x-github-api-version", "2022-11-28")
    more = {
        "x-github-request-id": f"{world.store.count('SELECT COUNT(*) FROM ledger'):X}:SIMULATED",
        "x-github-media-type": "github.v3; format=json",
        "x-github-api-version-selected": version,
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-used": "1",
        "x-ratelimit-resource": "core",
        "x-ratelimit-reset": str(int(world.time()) + 3600),
    }
    if route is not None and route.needs:
        more["x-accepted-github-permissions"] = route.needs
    reply.headers = {**more, **reply.headers}
    if method == "GET" and reply.status == 200 and reply.body is not None:
        tag = f'W/"{hashlib.sha256(_encoded(reply)).hexdigest()}"'
        reply.headers["etag"] = tag
        if headers.get("if-none-match") == tag:
            reply.status = 304
    return reply
