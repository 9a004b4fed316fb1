"""Deprecating, revoking and restoring over HTTP, for the holder of a publishing token of the namespace.

Quarantine and removal have no route: they are the operator's, on the command line.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from accounts.http import Endpoint, principal_of
from accounts.permissions import SignInRequiredError
from core.db import Database
from core.errors import UserError
from registry.api.json_body import json_response
from registry.services import advice, catalog, lifecycle
from registry.services.lifecycle import Action, Author, Words
from registry.services.standing import shown
from tfmodule.address import Address
from tfmodule.version import Version

_UNCACHED = {"Cache-Control": "no-store"}
_MOST_BYTES = 16 << 10
_FORM = 'Send {"reason": "…"} as JSON, and {"replacement": "…"} with it where there is one.'


class WordsError(UserError):
    """A body that is not what these routes take."""


@dataclass(frozen=True)
class Lifecycle:
    """The endpoints that move versions."""

    database: Database

    def endpoints(self) -> tuple[tuple[str, Endpoint], ...]:
        """Their paths below a module's, each with its endpoint."""
        of_versions = tuple((f"/{{version}}/{one}", self._version(one)) for one in sorted(lifecycle.OF_PUBLISHERS))
        return (*of_versions, ("/deprecate", self._module("deprecate")), ("/restore", self._module("restore")))

    def _version(self, action: Action) -> Endpoint:
        async def move(request: Request) -> Response:
            return await self._change(request, lambda words, author: self._move(request, action, words, author))

        return move

    def _module(self, action: Literal["deprecate", "restore"]) -> Endpoint:
        async def move(request: Request) -> Response:
            return await self._change(request, lambda words, author: self._move_module(request, action, words, author))

        return move

    async def _change(self, request: Request, change: Callable[[Words, Author], dict[str, Any]]) -> Response:
        principal = principal_of(request)
        if principal is None:  # the route's guard lets nobody else come this far
            raise SignInRequiredError
        try:
            words = _words(await _body(request))
        except ClientDisconnect:
            return Response(status_code=400, headers=_UNCACHED)
        changed = await run_in_threadpool(change, words, Author(principal.actor, principal))
        return json_response(changed, headers=_UNCACHED)

    def _move(self, request: Request, action: Action, words: Words, author: Author) -> dict[str, Any]:
        version = Version.parse(unquote(request.path_params["version"]))
        with self.database.unit_of_work() as session:
            moved = lifecycle.change(session, action, _address(request), version, words, author)
            left = advice.left_behind(session, moved.address, version, author.principal)
        # Absent unless there is something to do.
        still = {"still_recommended_by": [str(one) for one in left]} if left else {}
        return {"address": str(moved.address), "version": moved.version, **shown(moved.standing), **still}

    def _move_module(
        self, request: Request, action: Literal["deprecate", "restore"], words: Words, author: Author
    ) -> dict[str, Any]:
        address = _address(request)
        with self.database.unit_of_work() as session:
            standing = lifecycle.change_module(session, action, address, words, author)
        return {"address": str(address), **shown(standing)}


def _address(request: Request) -> Address:
    return catalog.parse_address(*(unquote(request.path_params[part]) for part in ("namespace", "name", "system")))


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise WordsError(f"The body is larger than {_MOST_BYTES >> 10} KiB. {_FORM}")
    return body


def _words(body: bytes) -> Words:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise WordsError(f"The body is no JSON. {_FORM}") from None
    if not isinstance(value, dict) or not set(value) <= {"reason", "replacement"}:
        raise WordsError(f"The body is not an object of these two. {_FORM}")
    reason, replacement = value.get("reason"), value.get("replacement")
    if not isinstance(reason, str) or not isinstance(replacement, str | None):
        raise WordsError(f"Both are text. {_FORM}")
    return Words(reason, replacement)
