"""The table of errors: every status, one shape of body, and nothing of a bug's text."""

import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from accounts.permissions import SignInRequiredError
from core.errors import Transient, UserError
from registry.api.errors import answer, status_of
from registry.services.catalog import UnknownModuleError
from registry.services.refusals import VersionTakenError


def _request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/v1/modules/x", "headers": raw, "query_string": b""})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignInRequiredError(), 401),
        (UnknownModuleError("a/b/c"), 404),
        (VersionTakenError("a/b/c", "1.0.0", "1.0.0"), 409),
        (UserError("no"), 422),
        (Transient("the database did not answer: secret-host"), 503),
        (HTTPException(404), 404),
        (HTTPException(405, headers={"Allow": "GET"}), 405),
        (HTTPException(429, headers={"Retry-After": "7"}), 429),
        (RuntimeError("a secret"), 500),
    ],
)
@pytest.mark.checklist("R37")
def test_R37_every_error_has_the_one_shape(error: Exception, status: int) -> None:
    response = answer(_request(), error)
    assert status_of(error) == response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = json.loads(bytes(response.body))
    assert list(body) == ["errors"] and all(isinstance(one, str) and one for one in body["errors"])
    assert "secret" not in str(body)


@pytest.mark.checklist("R37")
def test_R37_the_headers_of_an_error_are_kept() -> None:
    assert answer(_request(), HTTPException(405, headers={"Allow": "GET"})).headers["allow"] == "GET"
    assert answer(_request(), Transient("x", retry_after=9)).headers["retry-after"] == "9"
    assert answer(_request(), SignInRequiredError()).headers["www-authenticate"] == 'Bearer realm="terrasmith"'
    assert (
        "invalid_token" in answer(_request(authorization="Bearer x"), SignInRequiredError()).headers["www-authenticate"]
    )
