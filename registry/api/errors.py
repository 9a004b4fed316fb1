"""Errors over HTTP, on one page: which of ours has which status. Every body is `{"errors": ["…"]}`.

A bug never comes by here: the edge logs it and answers 500 without its text.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from accounts.permissions import NotAllowedError, SignInRequiredError
from core.errors import TerrasmithError, Transient, UserError
from registry.api.json_body import json_response
from registry.services.catalog import (
    RemovedVersionError,
    UnknownModuleError,
    UnknownNamespaceError,
    UnknownPartError,
    UnknownVersionError,
)
from registry.services.downloads import UnknownArchiveError
from registry.services.examples import UnknownExampleError
from registry.services.lifecycle import ForeignNamespaceError, HeldError, OperatorsChoiceError, StandingError
from registry.services.lookalikes import LooksTakenError
from registry.services.refusals import ModuleTakenError, NamespaceClosedError, SourceMixedError, VersionTakenError
from registry.services.staging import BadKeyError, BodyDigestError, BodyKindError, BodyTooLargeError, StalledError
from registry.services.uploads import KeyReusedError, UnknownUploadError, UploadUnderWayError

# The first line that fits counts.
STATUSES: tuple[tuple[type[TerrasmithError], int], ...] = (
    (SignInRequiredError, 401),
    (NotAllowedError, 403),
    (ForeignNamespaceError, 403),
    (OperatorsChoiceError, 403),
    # Terraform prints the reason of a 410, and has words of its own for every 404.
    (RemovedVersionError, 410),
    (UnknownModuleError, 404),
    (UnknownNamespaceError, 404),
    (UnknownPartError, 404),
    (UnknownExampleError, 404),
    (UnknownVersionError, 404),
    (UnknownArchiveError, 404),
    (UnknownUploadError, 404),
    (BadKeyError, 400),
    (BodyDigestError, 400),
    (StalledError, 408),
    (BodyTooLargeError, 413),
    (BodyKindError, 415),
    (KeyReusedError, 422),
    (VersionTakenError, 409),
    (UploadUnderWayError, 409),
    (SourceMixedError, 409),
    (ModuleTakenError, 409),
    (LooksTakenError, 409),
    (NamespaceClosedError, 409),
    (StandingError, 409),
    (HeldError, 409),
    (UserError, 422),
    (Transient, 503),
)

_WORDS = {
    400: "Bad request",
    404: "Not found: there is nothing at this address. Modules are at /v1/modules/NAMESPACE/NAME/SYSTEM/versions; "
    "/api/docs describes all there is.",
    405: "Method not allowed: this address does not take it. The header Allow names what it takes.",
    413: "Too large",
    422: "Not acceptable content",
    429: "Too many requests",
    500: "Something went wrong on our side. The registry's log says what; whoever operates it can look there.",
}
_NOT_PUBLIC = {503: "Not available at the moment; try again"}


def status_of(error: Exception) -> int:
    """The HTTP status of an error; 500 for what is none of ours."""
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, RequestValidationError):
        return 422
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def message_of(error: Exception) -> str:
    """What may be told of an error."""
    status = status_of(error)
    if isinstance(error, RequestValidationError):
        return "; ".join(messages_of(error))
    if isinstance(error, HTTPException):
        # Starlette's own words are the bare phrase of the status; whoever raised one with others meant them.
        return error.detail if error.detail != HTTPStatus(status).phrase else _WORDS.get(status, error.detail)
    return _NOT_PUBLIC.get(status) or (_WORDS[500] if status == 500 else str(error))


def messages_of(error: Exception) -> list[str]:
    """What may be told of an error, a line for each thing that is wrong."""
    if isinstance(error, RequestValidationError):
        return [f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()]
    return [message_of(error)]


def headers_of(request: Request, error: Exception) -> dict[str, str]:
    """The headers that belong to an error's answer."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, HTTPException) and error.headers:
        headers |= error.headers
    if isinstance(error, SignInRequiredError):
        refused = ', error="invalid_token"' if "authorization" in request.headers else ""
        headers["WWW-Authenticate"] = f'Bearer realm="terrasmith"{refused}'
    if isinstance(error, Transient):
        headers["Retry-After"] = str(int(error.retry_after or 1))
    return headers


def errors_response(messages: Sequence[str], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The one shape of all error bodies."""
    return json_response({"errors": list(messages)}, status, headers)


def answer(request: Request, error: Exception) -> Response:
    """The answer to an error, as a program reads it."""
    return errors_response(messages_of(error), status_of(error), headers_of(request, error))
