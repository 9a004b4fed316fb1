"""`/api/v1` on both databases: what is listed for whom, how pages turn, and how errors and caching look."""

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def client(registry) -> TestClient:
    return TestClient(registry.app, raise_server_exceptions=False)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_namespaces_are_listed_for_those_who_may_read_them(registry, client) -> None:
    registry.namespace("Beta")
    registry.namespace("acme", "private")
    registry.namespace("other", "private")
    answer = client.get("/api/v1/namespaces")
    assert answer.json() == {
        "namespaces": [{"name": "Beta", "visibility": "public"}],
        "meta": {"limit": 20, "current_offset": 0},
    }
    assert answer.headers["cache-control"] == "public, max-age=10" and answer.headers["vary"] == "Authorization"
    mine = client.get("/api/v1/namespaces?limit=1", headers=_bearer(registry.token("acme")))
    assert [one["name"] for one in mine.json()["namespaces"]] == ["acme"]
    assert mine.json()["meta"]["next_url"] == "/api/v1/namespaces?limit=1&offset=1"
    assert mine.headers["cache-control"] == "private, no-cache"


def test_a_wrong_page_is_refused_with_what_is_wrong(client) -> None:
    answer = client.get("/api/v1/namespaces?limit=101&offset=x")
    assert answer.status_code == 422
    assert answer.json() == {
        "errors": [
            "limit: Input should be less than or equal to 100",
            "offset: Input should be a valid integer, unable to parse string as an integer",
        ]
    }


def test_what_the_client_has_is_not_sent_again(registry, client) -> None:
    registry.namespace("acme")
    etag = client.get("/api/v1/namespaces").headers["etag"]
    again = client.get("/api/v1/namespaces", headers={"If-None-Match": f'"other", W/{etag}'})
    assert again.status_code == 304 and not again.content and again.headers["etag"] == etag
    registry.namespace("beta")
    assert client.get("/api/v1/namespaces", headers={"If-None-Match": etag}).status_code == 200
