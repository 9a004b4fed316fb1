"""Every route of `/api/v1`, file by file, and the document that describes them. A new file joins the list here."""

from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from registry.api.json_body import json_response
from registry.api.own import dependencies, namespaces
from registry.api.own.addresses import BASE

_TAGS = (
    ("namespaces", "The first part of a module's address"),
    ("dependencies", "What modules need, and who needs them"),
)


def routes() -> list[BaseRoute]:
    """All of them, and the description itself."""
    described = _described()
    body = document(described)

    async def openapi(_request: Request) -> Response:
        return json_response(body, headers={"Cache-Control": "public, max-age=300"})

    return [*described, route(BASE + "/openapi.json", openapi, permission=Permission.PUBLIC)]


def _described() -> list[BaseRoute]:
    return [*namespaces.routes(), *dependencies.routes()]


def document(described: list[BaseRoute] | None = None) -> dict[str, Any]:
    """The API in the words of OpenAPI 3.1."""
    found = get_openapi(
        title="Terrasmith",
        version="1",
        routes=described if described is not None else _described(),
        tags=[{"name": name, "description": text} for name, text in _TAGS],
    )
    found.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return found
