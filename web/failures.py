"""Errors as answers: JSON for programs, a page for people. Which status an error has stands in registry.api.errors."""

from starlette.requests import Request
from starlette.responses import Response

from registry.api import errors
from web.templating import render

# Whatever asks here is a program, whatever it says it accepts.
_FOR_PROGRAMS = ("/v1/", "/v2/", "/api/", "/archives/", "/.well-known/", "/github/", "/livez", "/readyz")

_TITLES = {401: "A token is needed", 404: "There is nothing here", 405: "Not this way", 503: "Not now"}


def failure(request: Request, error: Exception) -> Response:
    """The answer to an error, in the form that fits who asked."""
    if not wants_page(request):
        return errors.answer(request, error)
    status = errors.status_of(error)
    title = _TITLES.get(status, "This did not work")
    page = render("error.html", title=title, status=status, message=errors.message_of(error))
    return Response(page, status, errors.headers_of(request, error), media_type="text/html")


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asks."""
    return not request.url.path.startswith(_FOR_PROGRAMS) and "text/html" in request.headers.get("accept", "")
