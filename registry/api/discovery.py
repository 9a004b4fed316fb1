"""Service discovery, `/.well-known/terraform.json`: constant bytes, whoever asks and whatever they send along."""

import json

from starlette.requests import Request
from starlette.responses import Response

# Relative with a leading slash: right behind any proxy, and nothing that a Host header could bend.
DISCOVERY_PATH = "/.well-known/terraform.json"
MODULES_PATH = "/v1/modules/"
_DOCUMENT = json.dumps({"modules.v1": MODULES_PATH}).encode()


async def discovery(_request: Request) -> Response:
    """What this host offers."""
    return document()


def document() -> Response:
    """The answer, which is always the same."""
    return Response(_DOCUMENT, headers={"Cache-Control": "public, max-age=300"}, media_type="application/json")
