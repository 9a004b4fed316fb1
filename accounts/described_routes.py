"""Permissions on routes that FastAPI describes: the same guard as everywhere, plus checked parameters and a document.

What a route's answers look like is said by those who make it.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import unquote

from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from accounts.http import ROUTE_TEMPLATE, Declared, guarded
from accounts.permissions import Permission


class DescribedRoute(Declared, APIRoute):
    """A FastAPI route with a permission. It matches the path as it was sent: a `%2F` is part of a segment (R10).

    HEAD is answered as GET: FastAPI alone would refuse it, and a second method would be a second operation in its
    document. The server leaves the body out.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, permission: Permission, methods: Sequence[str], **said: Any
    ) -> None:
        """`said` is what FastAPI's document takes: models, responses, tags."""
        self.permission = permission  # first: the parent asks for the handler
        super().__init__(path, endpoint, methods=list(methods), **said)
        # FastAPI's own application would put this around everything.
        self.app = AsyncExitStackMiddleware(self.app)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answering(request: Request) -> Response:
            return await handler(request)

        return guarded(answering, self.permission)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and "raw_path" in scope:
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["path_params"] = {name: unquote(value) for name, value in child["path_params"].items()}
            child[ROUTE_TEMPLATE] = self.path
        return match, child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The scope itself goes on: what the guard finds out about who asks is read by layers further out.
        allowed = set(self.methods or ())
        if "GET" in allowed:
            allowed.add("HEAD")
        if scope["method"] not in allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        await self.app(scope, receive, send)
