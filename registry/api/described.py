"""What a described route says of itself and how it answers: errors, paging, caching. Decides nothing about modules."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.described_routes import DescribedRoute
from accounts.permissions import Permission

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_OFFSET = 1_000_000_000

# Short: a proxy in between may be this many seconds behind a publication.
_PUBLIC = {"Cache-Control": "public, max-age=10", "Vary": "Authorization"}
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
UNCACHED = {"Cache-Control": "no-store"}

_HEADERS = {
    "ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "`private` for what not everybody may read.", "schema": {"type": "string"}},
    "Vary": {"schema": {"type": "string"}},
}
_ERROR_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_SIGNED_IN: Mapping[Permission, list[dict[str, list[str]]]] = {
    Permission.PUBLIC: [],
    Permission.READ_MODULE: [{}, {"token": []}],
    Permission.PUBLISH: [{"token": []}],
}


class Model(BaseModel):
    """The parent of every body we answer with: exactly these fields, and never another."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Errors(Model):
    """Whatever goes wrong is told in this form."""

    errors: list[str] = Field(examples=[["Version not found: the module's `versions` lists those there are."]])


class Meta(Model):
    """Where a page of a list stands. `next_offset` and `next_url` are there only when there is more."""

    limit: int = Field(examples=[20])
    current_offset: int = Field(examples=[0])
    next_offset: int | None = Field(default=None, exclude_if=lambda value: value is None, examples=[20])
    next_url: str | None = Field(
        default=None, exclude_if=lambda value: value is None, examples=["/api/v1/modules?limit=20&offset=20"]
    )
    prev_offset: int | None = Field(default=None, exclude_if=lambda value: value is None)
    prev_url: str | None = Field(default=None, exclude_if=lambda value: value is None)


@dataclass(frozen=True)
class Page:
    """The part of a list that somebody wants. Ask a service for `limit + 1` entries: that one says there is more."""

    limit: int
    offset: int

    def meta(self, request: Request, *, more: bool) -> Meta:
        """The addresses keep every filter that was asked with."""
        before, after = max(self.offset - self.limit, 0), self.offset + self.limit
        return Meta(
            limit=self.limit,
            current_offset=self.offset,
            next_offset=after if more else None,
            next_url=self._url(request, after) if more else None,
            prev_offset=before if self.offset else None,
            prev_url=self._url(request, before) if self.offset else None,
        )

    def _url(self, request: Request, offset: int) -> str:
        url = request.url.include_query_params(limit=self.limit, offset=offset)
        return f"{url.path}?{url.query}"


async def page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many to pass over.")] = 0,
) -> Page:
    """For `Annotated[Page, Depends(page)]`."""
    return Page(limit, offset)


def described(
    path: str,
    endpoint: Callable[..., Response | Awaitable[Response]],
    *,
    permission: Permission,
    answers: type[BaseModel] | None,
    tag: str,
    errors: Sequence[int] = (),
    methods: Sequence[str] = ("GET",),
    status: int = 200,
    documented: bool = True,
    more: Mapping[str, Any] | None = None,
) -> DescribedRoute:
    """A route of the documented API. The endpoint's docstring is its description; it answers by `respond`.

    `answers` is None for an answer without a body. `errors` are the statuses beside those that any such route may have.
    `more` is what else OpenAPI has to say of it: headers, and a body, which the endpoint reads itself and bounds.
    """
    possible = {*errors, 400, 405, 413, 414, 422, 429, 500, 503} | (
        {401} if permission is not Permission.PUBLIC else set()
    )
    if permission is Permission.PUBLISH:
        possible |= {403}
    responses: dict[int | str, dict[str, Any]] = {one: _error(one) for one in sorted(possible)}
    if "GET" in methods and answers is not None and permission is not Permission.PUBLISH:
        responses[status] = {"headers": _HEADERS}
        responses[304] = {"description": "What you have (`If-None-Match`) is what there is", "headers": _HEADERS}
    return DescribedRoute(
        path,
        endpoint,
        permission=permission,
        methods=methods,
        response_model=answers,
        responses=responses,
        tags=[tag],
        status_code=status,
        response_class=JSONResponse if answers is not None else Response,
        include_in_schema=documented,
        summary=(endpoint.__doc__ or "").partition("\n")[0].rstrip("."),
        operation_id=f"{endpoint.__module__.rpartition('.')[2]}_{endpoint.__name__}",
        openapi_extra={"security": _SIGNED_IN[permission], "x-permission": str(permission), **(more or {})},
    )


def _error(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {"model": Errors, "description": HTTPStatus(status).phrase}
    if status in _ERROR_HEADERS:
        said["headers"] = {_ERROR_HEADERS[status]: {"schema": {"type": "string"}}}
    return said


def respond(request: Request, body: BaseModel, *, public: bool) -> Response:
    """The answer with its ETag; 304 where the client has it already. `public`: anybody would get the same."""
    return respond_text(request, body.model_dump_json(by_alias=True), "application/json", public=public)


def respond_text(request: Request, text: str, media_type: str, *, public: bool) -> Response:
    """The same for what is no JSON."""
    data = text.encode()
    headers = dict(_PUBLIC if public else _PRIVATE)
    headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)


def respond_uncached(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that nobody keeps: what it tells may be different a moment later."""
    return Response(
        body.model_dump_json(by_alias=True), status, {**UNCACHED, **(headers or {})}, media_type="application/json"
    )


def _has(request: Request, etag: str) -> bool:
    known = (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
    return any(one in {etag, "*"} for one in known)
