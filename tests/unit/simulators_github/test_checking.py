"""The middleware that watches: it finds mistakes in requests, answers and webhooks, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from simulators.github.checking import Checker, CheckingMiddleware
from simulators.github.contract import Contract

APP = {"Authorization": "Bearer ghs_abc", "X-GitHub-Api-Version": "2022-11-28"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract.load()


@pytest.fixture
def client(contract: Contract) -> TestClient:
    async def permission(request: Request) -> Response:
        return JSONResponse({"permission": request.path_params["level"]})

    async def issue(request: Request) -> Response:
        return JSONResponse({"message": "Validation Failed", "echo": await request.json()}, status_code=422)

    app = Starlette(
        routes=[
            Route("/api/v3/repos/a/b/collaborators/{level}/permission", permission),
            Route("/api/v3/repos/a/b/issues", issue, methods=["POST"]),
            Route("/page", lambda request: Response("hello")),
        ]
    )
    return TestClient(CheckingMiddleware(app, Checker(contract)))


def violations(client: TestClient) -> Any:
    return client.get("/_simulator/violations").json()["violations"]


def test_the_answer_is_not_altered_and_its_mistake_is_listed(client: TestClient) -> None:
    assert client.get("/api/v3/repos/a/b/collaborators/write/permission").json() == {"permission": "write"}
    (found,) = violations(client)
    assert found["kind"] == "answer"
    assert found["name"] == "200 GET /api/v3/repos/a/b/collaborators/write/permission"
    assert "answer: 'user' is a required property" in found["problems"]


def test_an_app_request_is_checked_and_reaches_the_app_whole(client: TestClient) -> None:
    answer = client.post("/api/v3/repos/a/b/issues", json={"titel": "x"}, headers=APP)
    assert answer.json()["echo"] == {"titel": "x"}
    (found,) = violations(client)
    assert found["kind"] == "request"
    assert found["problems"] == ["body: 'title' is a required property", "body: unknown field 'titel'"]


def test_a_person_may_send_what_they_like(client: TestClient) -> None:
    client.post("/api/v3/repos/a/b/issues", json={"titel": "x"}, headers={"Authorization": "Bearer ghp_ada"})
    assert violations(client) == []


def test_pages_are_not_checked(client: TestClient) -> None:
    assert client.get("/page").text == "hello"
    assert violations(client) == []


def test_the_list_can_be_emptied(client: TestClient) -> None:
    client.get("/api/v3/repos/a/b/collaborators/write/permission")
    client.delete("/_simulator/violations")
    assert violations(client) == []


def test_a_webhook_is_checked(contract: Contract) -> None:
    checker = Checker(contract)
    checker.webhook("issue_comment", {"action": "created"})
    (found,) = checker.violations
    assert (found.kind, found.name) == ("webhook", "issue_comment.created")
    assert checker.counts["webhook"] == 1
