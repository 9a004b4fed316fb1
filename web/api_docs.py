"""`/api/docs`: the API to read and to try, out of installed files. Nothing is fetched from another host, or could be.

Swagger UI comes with the package `fastapi-offline`; of that package only the files are used.
"""

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from core.errors import TerrasmithError
from web.templating import render

PATH = "/api/docs"

# Scripts and styles of ours only; the pictures inside the style sheet are data. A try-out asks this host and no other.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_OURS = Path(__file__).parent / "assets" / "api-docs.js"
_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


class MissingAssetsError(TerrasmithError):
    """The package that carries Swagger UI is not installed as it should be."""


def routes() -> list[BaseRoute]:
    """The page, its start, and the two files of Swagger UI. Raises MissingAssetsError."""
    files = {name: (folder() / name).read_bytes() for name in _TYPES}
    own = _OURS.read_bytes()

    async def page(_request: Request) -> Response:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"}
        return Response(render("api_docs.html"), headers=headers, media_type="text/html")

    async def start(_request: Request) -> Response:
        return Response(own, headers={"Cache-Control": "public, max-age=300"}, media_type="text/javascript")

    async def asset(request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return Response(files[name], headers={"Cache-Control": "public, max-age=86400"}, media_type=_TYPES[name])

    public = Permission.PUBLIC
    return [
        route(PATH, page, permission=public),
        route(PATH + "/start.js", start, permission=public),
        *(route(f"{PATH}/{name}", asset, permission=public) for name in _TYPES),
    ]


def folder() -> Path:
    """Where Swagger UI lies. Looked up without importing the package, which would bring an application along."""
    found = find_spec("fastapi_offline")
    place = Path(found.origin or "").parent / "static" if found is not None else None
    if place is None or not all((place / name).is_file() for name in _TYPES):
        raise MissingAssetsError("fastapi-offline, which carries the API's documentation pages, is not installed")
    return place
