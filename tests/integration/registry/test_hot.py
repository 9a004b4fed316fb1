"""The hot path says what the routes say, and never what was true a second ago."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from accounts import namespaces
from registry.api.answers import Kind
from tests.integration.registry.hot import Hot

BASE = "/v1/modules/"
OPEN, CLOSED = f"{BASE}acme/bucket/aws", f"{BASE}secret/vault/aws"
AGENTS = ("Terraform/1.11.4 (+https://www.terraform.io)", "OpenTofu/1.12.1", "trivy/v0.64.0", "")


def _filled(registry, settings, *, clocks: bool = True) -> Hot:
    """With one public and one private namespace, three versions in each."""
    registry.namespace("acme")
    registry.namespace("secret", "private")
    for version in ("1.0.0", "1.1.0-rc.1+build.7", "0.9.0"):
        registry.publish("acme/bucket/aws", version)
        registry.publish("secret/vault/aws", version)
    return Hot(registry, settings, clocks=clocks)


@pytest.fixture
def hot(registry, settings) -> Iterator[Hot]:
    made = _filled(registry, settings)
    yield made
    made.stop()


def _locations(hot: Hot, token: str) -> list[str]:
    return [
        hot.get(f"{OPEN}/1.0.0/download").json()["location"],
        hot.get(f"{CLOSED}/1.0.0/download", token).json()["location"],
        hot.get(f"{CLOSED}/1.0.0/download", token, user_agent=AGENTS[1]).json()["location"],
    ]


def _corpus(hot: Hot, token: str) -> list[str]:
    modules = [OPEN, CLOSED, f"{BASE}ACME/Bucket/aws", f"{BASE}acme/none/aws", f"{BASE}nobody/bucket/aws"]
    paths = ["/.well-known/terraform.json", "/", "/v1/modules/", "/livez", "/archives/", f"{BASE}a/versions"]
    for module in modules:
        tails = ("versions", "versions?limit=1&%00=%", "versions/", "1.0.0/download", "v1.0/download", "9.9.9/download")
        paths += [f"{module}/{tail}" for tail in (*tails, "1.0.0/provenance", "download", "a/b/download")]
    paths += [f"{OPEN}/1.1.0-rc.1{plus}build.7/download" for plus in ("+", "%2B", "%2b", "%20")]
    paths += [f"{BASE}acme/buck%65t/aws/versions", f"{BASE}acme%2Fbucket/aws/x/versions", f"{BASE}acme/../aws/versions"]
    located = [location.partition("?")[0] for location in _locations(hot, token)]
    paths += located
    paths += [located[0].replace("/sha256/", "/private/"), located[1].replace("/1", "/2"), located[0][:-8] + "x.tar.gz"]
    paths += [located[0].replace("archives", "archive%73"), located[1] + "?archive=tar.gz", located[0] + "/"]
    return paths


def _asked(client: TestClient, method: str, path: str, headers: dict[str, str]) -> tuple[object, ...]:
    answer = client.request(method, path, headers=headers, follow_redirects=False)
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


@pytest.mark.checklist("R1", "R10", "R11", "R12", "R26", "T-09")
def test_the_hot_path_and_the_routes_give_the_same_answers(sqlite_registry, settings) -> None:
    """R10, R11, R12, R26: whoever asks for whatever, with any method and any header; cold, and again from memory."""
    hot = _filled(sqlite_registry, settings, clocks=False)
    with sqlite_registry.database.unit_of_work() as session:
        namespaces.set_registry_credentials(session, "secret", True)
    mine, others = sqlite_registry.token("secret"), sqlite_registry.token("acme")
    reference = TestClient(sqlite_registry.app, raise_server_exceptions=False)
    sent = [{}, *({"Authorization": f"Bearer {token}"} for token in (mine, others, "tsm_" + "0" * 36))]
    sent += [{"Authorization": f"bEARER   {mine} ", "User-Agent": agent} for agent in AGENTS]
    sent += [{"Authorization": "Basic eDp5"}, {"Range": "bytes=0-9"}, {"If-None-Match": '"x"'}]
    for path in _corpus(hot, mine):
        asked = [("POST", {}), ("HEAD", {"Authorization": f"Bearer {mine}"})]
        asked += [("GET", headers) for headers in sent]
        while asked:
            method, headers = asked.pop()
            hot.look()
            for patience in (1, 0):  # between two signed locations a minute may have ended
                ours, theirs = (_asked(client, method, path, headers) for client in (hot.client, reference))
                if ours == theirs:
                    break
                assert patience, (method, path, headers, ours, theirs)
            if ours[0] == 200 and method == "GET" and "X-Again" not in headers:
                asked.append(("GET", {**headers, "X-Again": "from memory"}))
    assert all(hot.path.answered[kind] > 10 for kind in Kind), hot.path.answered
    hot.stop()
