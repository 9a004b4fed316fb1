"""Every described route, file by file, and the document that describes them. A new file joins the list here."""

from functools import cache
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from registry.api import examples, listing
from registry.api.json_body import json_response
from registry.api.own import dependencies, evidence, lifecycle, modules, namespaces, search, uploads, versions
from registry.api.own.addresses import BASE

_DESCRIPTION = """\
What this registry knows of modules and their versions. Public modules are open to everybody; for those of a private
namespace send a token of it, `Authorization: Bearer tsm_…`: without one they answer 401, with another's 404.
Every error is `{"errors": ["…"]}`. Lists come in pages of `limit`, from `offset`; `meta` says where the next one is.
Answers carry an `ETag`: send it back as `If-None-Match`. HEAD is answered as GET, without the body.
Whatever changes something needs a token that publishes in that very namespace. Terraform's own protocol (discovery,
versions, download, archives) is not described here: Terraform's documentation does.
"""

_TAGS = (
    ("namespaces", "The first part of a module's address."),
    ("modules", "Modules, their versions and their downloads."),
    ("versions", "One version: what is in it, where it is from, what the gate said, what changed."),
    ("evidence", "What the gate's reports show of a framework's requirements: evidence, no verdict."),
    ("dependencies", "What modules need, who needs them, and which versions work with what you have."),
    ("search", "Modules by words, beginnings of words, resource types and other facts."),
    (uploads.TAG, "An archive sent by API becomes a version, if the gate lets it."),
    (
        lifecycle.TAG,
        "Deprecating, revoking and restoring what was published. Quarantine and removal are the operator's.",
    ),
    (listing.TAG, "What Terraform's public registry offers over HTTP, in its own form, for tools that know that."),
)


@cache
def routes() -> tuple[BaseRoute, ...]:
    """All of them, and the description itself. They hold nothing of an application, and are slow to make: made once."""
    body = document()

    async def openapi(_request: Request) -> Response:
        return json_response(body, headers={"Cache-Control": "public, max-age=300"})

    return (*_described(), route(BASE + "/openapi.json", openapi, permission=Permission.PUBLIC))


@cache
def _described() -> tuple[BaseRoute, ...]:
    """In the order in which paths are tried: nobody may take `/upload` for a version."""
    return (
        *namespaces.routes(),
        *modules.routes(),
        *versions.routes(),
        *evidence.routes(),
        *dependencies.routes(),
        *search.routes(),
        *uploads.routes(),
        *lifecycle.routes(),
        *listing.routes(),
    )


def document() -> dict[str, Any]:
    """The API in the words of OpenAPI 3.1."""
    found = get_openapi(
        title="Terrasmith",
        version="1",
        summary="A Terraform module registry",
        description=_DESCRIPTION,
        routes=_described(),
        tags=[{"name": name, "description": text} for name, text in _TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    _shorten(found)
    _show_examples(found)
    found.setdefault("components", {})["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A registry token: `tsm_…`."}
    }
    return found


def _shorten(found: dict[str, Any]) -> None:
    """Say once what every operation has, errors and headers, and refer to it; leave out titles that repeat names."""
    parts = found.setdefault("components", {})
    errors, headers = parts.setdefault("responses", {}), parts.setdefault("headers", {})
    for operation in [one for path in found["paths"].values() for one in path.values()]:
        answers = operation["responses"]
        for answer in answers.values():
            for name, header in answer.get("headers", {}).items():
                headers[name] = header
                answer["headers"] = answer["headers"] | {name: {"$ref": f"#/components/headers/{name}"}}
        for status in [one for one in answers if one.startswith(("4", "5"))]:
            errors[f"Error{status}"] = answers[status]
            answers[status] = {"$ref": f"#/components/responses/Error{status}"}
    _drop_titles(found["paths"])
    _drop_titles(parts)


def _drop_titles(value: Any) -> None:
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("title"), str):
            del one["title"]
        _drop_titles(one)


def _show_examples(found: dict[str, Any]) -> None:
    """Whole answers; put in at the end, since FastAPI takes every null out of what it is given."""
    for operation in [one for path in found["paths"].values() for one in path.values()]:
        for status, body in examples.of_operation(operation["operationId"]).items():
            operation["responses"][str(status)]["content"]["application/json"]["example"] = body
    for name, answer in found["components"]["responses"].items():
        answer["content"]["application/json"]["examples"] = examples.of_error(int(name.removeprefix("Error")))
