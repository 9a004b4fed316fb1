"""Seeded mistakes against GitHub's description: each must be named, and correct traffic must pass."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.github.contract import Contract

HEADERS = {"x-github-api-version": "2022-11-28"}
ANNOTATION = {"path": "main.tf", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "no"}
CHECK = {"name": "terrasmith/gate", "head_sha": "a" * 40}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract.load()


def ask(contract: Contract, method: str, path: str, body: Any = None, **changes: Any) -> list[str]:
    given: dict[str, Any] = {"query": {}, "headers": HEADERS, "is_app_token": True, **changes}
    return contract.check_request(method, path, given["query"], given["headers"], body, given["is_app_token"])


def check_run(contract: Contract, **fields: Any) -> list[str]:
    return ask(contract, "POST", "/api/v3/repos/acme/platform/check-runs", {**CHECK, **fields})


def output(**fields: Any) -> dict[str, Any]:
    return {"output": {"title": "t", "summary": "s", **fields}}


def test_fifty_annotations_pass_and_fifty_one_do_not(contract: Contract) -> None:
    assert check_run(contract, **output(annotations=[ANNOTATION] * 50)) == []
    assert check_run(contract, **output(annotations=[ANNOTATION] * 51)) == [
        "body/output/annotations: 51 items, at most 50"
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (output(summary="x" * 65_536), "body/output/summary: 65536 characters, at most 65535"),
        ({"actions": [{"label": "x", "description": "x", "identifier": "x"}] * 4}, "body/actions: 4 items, at most 3"),
        ({"name": 7}, "body/name: 7 is not of type 'string'"),
        ({"outptu": {}}, "body: unknown field 'outptu'"),
        (output(annotation=[]), "body/output: unknown field 'annotation'"),
        (output(annotations=[{**ANNOTATION, "colour": "red"}]), "body/output/annotations/0: unknown field 'colour'"),
        ({"started_at": "yesterday"}, "body/started_at: 'yesterday' is not a 'date-time'"),
        ({"status": "done"}, "body/status: 'done' is not one of ['completed', 'in_progress', 'queued']"),
    ],
)
def test_a_wrong_check_run_is_named(contract: Contract, fields: dict[str, Any], problem: str) -> None:
    assert check_run(contract, **fields) == [problem]


def test_a_missing_field_and_a_missing_body_are_named(contract: Contract) -> None:
    assert ask(contract, "POST", "/repos/a/b/issues", {}) == ["body: 'title' is a required property"]
    assert ask(contract, "POST", "/repos/a/b/issues") == ["issues/create needs a body"]


def test_an_unknown_route_is_named(contract: Contract) -> None:
    assert ask(contract, "GET", "/api/v3/repos/a/b/check-runs") == ["unknown route: GET /api/v3/repos/a/b/check-runs"]


def test_an_operation_that_apps_may_not_use_is_named(contract: Contract) -> None:
    body = {"name": "bucket"}
    assert ask(contract, "POST", "/user/repos", body) == [
        "repos/create-for-authenticated-user is not enabled for GitHub Apps"
    ]
    assert ask(contract, "POST", "/user/repos", body, is_app_token=False) == []


def test_a_missing_version_header_is_named(contract: Contract) -> None:
    assert ask(contract, "GET", "/repos/a/b", headers={"Accept": "*/*"}) == [
        "the X-GitHub-Api-Version header is missing"
    ]


def test_query_parameters_are_typed_and_known(contract: Contract) -> None:
    assert ask(contract, "GET", "/repos/a/b/issues", query={"per_page": "100", "state": "all"}) == []
    assert ask(contract, "GET", "/repos/a/b/issues", query={"per_page": "many", "page_size": "3"}) == [
        "query/per_page: 'many' is not of type 'integer'",
        "unknown query parameter: page_size",
    ]


def test_a_body_where_none_belongs_is_named(contract: Contract) -> None:
    assert ask(contract, "DELETE", "/repos/a/b", {"force": True}) == ["repos/delete takes no body"]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/repos/a/b/issues/comments/3", "issues/get-comment"),
        ("GET", "/repos/a/b/issues/comments", "issues/list-comments-for-repo"),
        ("GET", "/repos/a/b/commits/feature/x/check-runs", "checks/list-for-ref"),
        ("GET", "/repos/a/b/commits/feature/x", "repos/get-commit"),
        ("GET", "/repos/a/b/contents/modules/inner/main.tf", "repos/get-content"),
        ("GET", "/repos/a/b/contents", "repos/get-content"),
        ("GET", "/repos/a/b/git/ref/heads/terrasmith/request-1", "git/get-ref"),
        ("PATCH", "/repos/a/b/git/refs/heads/terrasmith/request-1", "git/update-ref"),
        ("GET", "/repos/a/b/compare/main...terrasmith/request-1", "repos/compare-commits-with-basehead"),
        ("GET", "/repos/a/b/branches/feature/x", "repos/get-branch"),
        ("GET", "/repos/a/b/releases/latest", "repos/get-latest-release"),
        ("GET", "/repos/a/b/releases/7", "repos/get-release"),
        ("GET", "/repos/a/b/releases/tags/v1.0.0", "repos/get-release-by-tag"),
        ("POST", "/api/uploads/repos/a/b/releases/7/assets", "repos/upload-release-asset"),
    ],
)
def test_paths_find_their_operation(contract: Contract, method: str, path: str, operation: str) -> None:
    found = contract.find(method, path)
    assert found is not None and found.id == operation


def test_answers_are_held_to_their_schema(contract: Contract) -> None:
    person = {"permission": "write", "role_name": "write", "user": None}
    path = "/repos/a/b/collaborators/ada/permission"
    assert contract.check_response("GET", path, 200, person) == []
    assert contract.check_response("GET", path, 200, {**person, "permission": None}) == [
        "answer/permission: None is not of type 'string'"
    ]
    assert contract.check_response("GET", path, 200, {"permission": "write"}) == [
        "answer: 'role_name' is a required property",
        "answer: 'user' is a required property",
    ]


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410, 422, 429, 500, 502])
def test_refusals_are_allowed_everywhere(contract: Contract, status: int) -> None:
    assert contract.check_response("GET", "/repos/a/b", status, {"message": "no"}) == []


def test_an_undeclared_status_and_an_error_without_message_are_named(contract: Contract) -> None:
    assert contract.check_response("GET", "/repos/a/b", 202, None) == ["repos/get does not declare the status 202"]
    assert contract.check_response("GET", "/repos/a/b", 404, {"detail": "no"}) == ["an error carries a message"]
    assert contract.check_response("GET", "/nothing", 200, {}) == ["answered 200 on an unknown route: GET /nothing"]
    assert contract.check_response("GET", "/nothing", 501, {"message": "not simulated"}) == []


def test_webhooks_are_named_by_event_and_action(contract: Contract) -> None:
    assert contract.check_webhook("star", {"action": "created"}) == ["unknown webhook: star created"]
    assert contract.check_webhook("issues", {"action": "exploded"}) == ["unknown webhook: issues exploded"]
    assert contract.check_webhook("issues", []) == ["a webhook payload is an object"]
    missing = contract.check_webhook("issue_comment", {"action": "created"})
    assert "payload: 'comment' is a required property" in missing
    assert contract.check_webhook("ping", {"zen": "Keep it logically awesome.", "hook_id": "7"})[0].startswith(
        "payload/hook_id: '7' is not of type"
    )
