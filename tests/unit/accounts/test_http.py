"""Routes and their permissions: none starts without, each is enforced before its endpoint runs."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from accounts.http import UndeclaredRouteError, require_declared, route
from accounts.permissions import NotAllowedError, Permission, SignInRequiredError


def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _hello_async(_request: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.mark.checklist("T-08")
def test_T08_a_route_without_a_permission_stops_the_start() -> None:
    open_route = Route("/open", _hello)
    declared = route("/closed", _hello, permission=Permission.PUBLIC)
    require_declared([declared])
    with pytest.raises(UndeclaredRouteError) as caught:
        require_declared(
            [declared, open_route, Mount("/below", routes=[Route("/too", _hello)]), Mount("/app", app=_hello)]
        )
    assert caught.value.paths == ("/open", "/below/too", "/app")


@pytest.mark.checklist("T-08")
def test_T08_the_routes_a_framework_adds_by_itself_stop_the_start() -> None:
    from fastapi import FastAPI

    with pytest.raises(UndeclaredRouteError) as caught:
        require_declared(FastAPI().routes)
    assert "/openapi.json" in caught.value.paths and "/docs" in caught.value.paths


@pytest.mark.parametrize("endpoint", [_hello, _hello_async])
@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.checklist("T-08")
def test_T08_every_permission_is_enforced_on_both_kinds_of_endpoint(permission: Permission, endpoint: object) -> None:
    app = Starlette(routes=[route("/", endpoint, permission=permission)])  # type: ignore[arg-type]
    client = TestClient(app)
    for_strangers = {
        Permission.PUBLIC,
        Permission.READ_MODULE,  # the catalogue decides
        Permission.SIGNED_LOCATION,  # the endpoint decides
        Permission.WEBHOOK_SIGNATURE,
    }
    if permission in for_strangers:
        assert client.get("/").text == "hello"
    else:
        expected = SignInRequiredError if permission is Permission.PUBLISH else NotAllowedError
        with pytest.raises(expected):
            client.get("/")


@pytest.mark.checklist("R10")
def test_R10_a_raw_path_route_keeps_percent_signs() -> None:
    def segments(request: Request) -> Response:
        return PlainTextResponse("|".join(request.path_params.values()))

    app = Starlette(routes=[route("/v1/{a}/{b}", segments, permission=Permission.PUBLIC, raw_path=True)])
    client = TestClient(app)
    assert client.get("/v1/1.0.0+a/b").text == "1.0.0+a|b"
    assert client.get("/v1/1.0.0%2Ba/b").text == "1.0.0%2Ba|b"
    assert client.get("/v1/x%2Fy/b").text == "x%2Fy|b"
