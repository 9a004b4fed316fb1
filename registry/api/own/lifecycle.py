"""Deprecating, revoking and restoring over HTTP, for the holder of a publishing token of the namespace.

Quarantine and removal have no route: they are the operator's, on the command line.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission, SignInRequiredError
from core.errors import UserError
from registry.api.described import UNCACHED, Model, described, respond_uncached
from registry.api.discovery import MODULES_PATH
from registry.api.module_address import address
from registry.api.own.standing_model import VersionStanding
from registry.services import advice, lifecycle
from registry.services.lifecycle import Action, Author, Words
from registry.services.standing import shown
from tfmodule.address import Address
from tfmodule.version import Version

TAG = "lifecycle"

_MOST_BYTES = 16 << 10
_FORM = 'Send {"reason": "…"} as JSON, and {"replacement": "…"} with it where there is one.'
_MODULE = MODULES_PATH + "{namespace}/{name}/{system}"
_VERSION = _MODULE + "/{version}"

_Wanted = Annotated[Address, Depends(address)]
_Number = Annotated[str, Path(examples=["1.4.0"])]


class WordsError(UserError):
    """A body that is not what these routes take."""


class Why(Model):
    """What is sent with every change."""

    reason: str = Field(
        min_length=1,
        max_length=1_000,
        description="Whoever asks for the version reads it.",
        examples=["leaks its logs"],
    )
    replacement: str | None = Field(
        default=None,
        description="What to use instead, of this registry: a module, a version of one, or a version of this module.",
        examples=["acme/bucket/aws/1.4.1"],
    )


class MovedModule(VersionStanding):
    """Where a module stands from now on."""

    address: str = Field(examples=["acme/bucket/aws"])


class MovedVersion(MovedModule):
    """Where a version stands from now on."""

    version: str = Field(examples=["1.4.0"])
    still_recommended_by: list[str] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Versions and modules whose advice still names this one, of those that the token may read.",
        examples=[["acme/bucket/aws/1.3.2"]],
    )


async def deprecate_version(request: Request, wanted: _Wanted, version: _Number) -> Response:
    """Warn of a version. It is chosen and served as before."""
    return await _change(request, _version(request, "deprecate", wanted, version))


async def revoke_version(request: Request, wanted: _Wanted, version: _Number) -> Response:
    """Take a version out of every list: no constraint chooses it any more, who names it still gets it."""
    return await _change(request, _version(request, "revoke", wanted, version))


async def restore_version(request: Request, wanted: _Wanted, version: _Number) -> Response:
    """Take a deprecation or a revocation back."""
    return await _change(request, _version(request, "restore", wanted, version))


async def deprecate_module(request: Request, wanted: _Wanted) -> Response:
    """Warn of all versions of a module, also of those to come."""
    return await _change(request, _module(request, "deprecate", wanted))


async def restore_module(request: Request, wanted: _Wanted) -> Response:
    """Take a module's deprecation back."""
    return await _change(request, _module(request, "restore", wanted))


_Change = Callable[[Words, Author], MovedModule]


async def _change(request: Request, change: _Change) -> Response:
    principal = principal_of(request)
    if principal is None:  # the route's guard lets nobody else come this far
        raise SignInRequiredError
    try:
        words = _words(await _body(request))
    except ClientDisconnect:
        return Response(status_code=400, headers=UNCACHED)
    return respond_uncached(await run_in_threadpool(change, words, Author(principal.actor, principal)))


def _version(request: Request, action: Action, wanted: Address, version: str) -> _Change:
    def change(words: Words, author: Author) -> MovedVersion:
        number = Version.parse(version)
        with database_of(request).unit_of_work() as session:
            moved = lifecycle.change(session, action, wanted, number, words, author)
            left = advice.left_behind(session, moved.address, number, author.principal)
        return MovedVersion(
            address=str(moved.address),
            version=moved.version,
            still_recommended_by=[str(one) for one in left] or None,
            **shown(moved.standing),
        )

    return change


def _module(request: Request, action: Literal["deprecate", "restore"], wanted: Address) -> _Change:
    def change(words: Words, author: Author) -> MovedModule:
        with database_of(request).unit_of_work() as session:
            standing = lifecycle.change_module(session, action, wanted, words, author)
        return MovedModule(address=str(wanted), **shown(standing))

    return change


def routes() -> list[BaseRoute]:
    """What a publishing token may do to versions, and to a module as a whole."""
    body = {"required": True, "content": {"application/json": {"schema": Why.model_json_schema()}}}

    def moving(path: str, endpoint: Callable[..., Awaitable[Response]], answers: type[MovedModule]) -> BaseRoute:
        return described(
            path,
            endpoint,
            permission=Permission.PUBLISH,
            methods=("POST",),
            answers=answers,
            tag=TAG,
            errors=(404, 409),
            more={"requestBody": body},
        )

    return [
        moving(_VERSION + "/deprecate", deprecate_version, MovedVersion),
        moving(_VERSION + "/revoke", revoke_version, MovedVersion),
        moving(_VERSION + "/restore", restore_version, MovedVersion),
        moving(_MODULE + "/deprecate", deprecate_module, MovedModule),
        moving(_MODULE + "/restore", restore_module, MovedModule),
    ]


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
