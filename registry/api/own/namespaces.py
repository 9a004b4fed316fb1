"""`/api/v1/namespaces`: those that the one who asks may read. No other is told of."""

from typing import Annotated, Literal

from fastapi import Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from registry.api.described import Meta, Model, Page, described, page, respond
from registry.api.own.addresses import BASE
from registry.services.visibility import readable_namespaces


class Namespace(Model):
    """The first part of a module's address."""

    name: str = Field(examples=["acme"])
    visibility: Literal["public", "private"] = Field(description="Who may read: everybody, or holders of a token.")


class Namespaces(Model):
    namespaces: list[Namespace]
    meta: Meta


def listing(request: Request, wanted: Annotated[Page, Depends(page)]) -> Response:
    """The public namespaces, and that of your token, by name."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = readable_namespaces(session, principal, offset=wanted.offset, limit=wanted.limit + 1)
    body = Namespaces(
        namespaces=[Namespace(name=one.name, visibility=one.visibility) for one in found[: wanted.limit]],
        meta=wanted.meta(request, more=len(found) > wanted.limit),
    )
    return respond(request, body, public=principal is None)


def routes() -> list[BaseRoute]:
    """What hangs on `/api/v1/namespaces`."""
    return [
        described(
            BASE + "/namespaces",
            listing,
            permission=Permission.READ_MODULE,
            answers=Namespaces,
            tag="namespaces",
        )
    ]
