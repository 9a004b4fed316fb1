"""What a download answers to which client: OpenTofu with its token (R13), and those who resolve nothing themselves."""

import hashlib
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from accounts import namespaces, tokens
from tests.audited import audited

DOWNLOAD = "/v1/modules/closed/bucket/aws/1.0.0/download"
NEW, OLD = "OpenTofu/1.12.0 (+https://opentofu.org)", "OpenTofu/1.11.6 (+https://opentofu.org)"


@pytest.fixture
def client(registry) -> TestClient:
    return TestClient(registry.app, raise_server_exceptions=False)


@pytest.fixture
def closed(registry):
    """A private namespace that offers registry credentials, its archive and its token."""
    registry.namespace("closed", "private")
    published = registry.publish("closed/bucket/aws", "1.0.0")
    with registry.database.unit_of_work() as session:
        namespaces.set_registry_credentials(session, "closed", on=True)
    return published, registry.token("closed")


def _headers(token: str | None, agent: str = NEW) -> dict[str, str]:
    return {"User-Agent": agent} | ({"Authorization": f"Bearer {token}"} if token else {})


@pytest.mark.checklist("R13")
def test_R13_a_plain_location_that_opens_with_the_token(client, closed) -> None:
    published, token = closed
    answer = client.get(DOWNLOAD, headers=_headers(token))
    location = f"/archives/private/{published.sha256}.tar.gz"
    assert answer.json() == {"location": location, "use_registry_credentials": True}
    assert answer.headers["x-terraform-get"] == location and "User-Agent" in answer.headers["vary"]
    archive = client.get(urljoin(DOWNLOAD, location), headers=_headers(token) | {"Accept-Encoding": "identity, gzip"})
    assert archive.status_code == 200 and "content-encoding" not in archive.headers
    assert archive.headers["content-length"] == str(published.size) == str(len(archive.content))
    assert hashlib.sha256(archive.content).hexdigest() == published.sha256
    assert archive.headers["cache-control"] == "private, no-store"
    assert client.head(location, headers=_headers(token)).headers["content-length"] == str(published.size)


@pytest.mark.parametrize(
    "agent", [OLD, "OpenTofu/1.12.0-beta1", "OpenTofu/2", "Terraform/1.15.0", "Terraform/1.11.4 OpenTofu/1.12.0", ""]
)
@pytest.mark.checklist("R13", "R22")
def test_R13_everybody_else_gets_a_signed_location_with_a_checksum(client, closed, agent: str) -> None:
    published, token = closed
    answer = client.get(DOWNLOAD, headers=_headers(token, agent))
    assert answer.json().keys() == {"location"}
    location = answer.json()["location"]
    assert location.startswith("/archives/signed/") and f"checksum=sha256:{published.sha256}" in location


@pytest.mark.checklist("R13")
def test_R13_it_is_opt_in_and_for_private_modules(registry, client, closed) -> None:
    _, token = closed
    with registry.database.unit_of_work() as session:
        namespaces.set_visibility(session, "closed", "public")
    public = client.get(DOWNLOAD, headers=_headers(token)).json()
    assert public["location"].startswith("/archives/sha256/") and "use_registry_credentials" not in public
    with registry.database.unit_of_work() as session:
        namespaces.set_visibility(session, "closed", "private")
        namespaces.set_registry_credentials(session, "closed", on=False)
        subject = f"namespace:{namespaces.get(session, 'closed').id}"
        done = [(row.action, row.detail) for row in audited(session, subject)]
    assert ("namespace.credentials", {"from": True, "to": False}) in done
    assert "use_registry_credentials" not in client.get(DOWNLOAD, headers=_headers(token)).json()


@pytest.mark.checklist("R13", "T-09", "T-13")
def test_R13_the_private_archive_opens_for_its_own_tokens_only(registry, client, closed) -> None:
    published, token = closed
    registry.namespace("other", "private")
    path, unknown = (f"/archives/private/{digest}.tar.gz" for digest in (published.sha256, "0" * 64))
    foreign = registry.token("other")
    for headers, status in ((_headers(None), 401), (_headers("tsm_x"), 401), (_headers(foreign), 404)):
        first, second = client.get(path, headers=headers), client.get(unknown, headers=headers)
        assert first.status_code == second.status_code == status and first.text == second.text
    with registry.database.unit_of_work() as session:
        tokens.revoke(session, tokens.authenticate(session, token).token_id)
    assert client.get(path, headers=_headers(token)).status_code == 401


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_trivy_gets_an_absolute_location(registry, client, visibility) -> None:
    """It hands `location` to go-getter as it is, and takes only what begins with `https:`."""
    registry.namespace("acme", visibility)
    registry.publish("acme/bucket/aws", "1.0.0")
    token, path = registry.token("acme"), "/v1/modules/acme/bucket/aws/1.0.0/download"
    relative = client.get(path, headers=_headers(token, "curl/8")).json()["location"]
    for agent in ("trivy/v0.64.0", "trivy/0.50"):
        answer = client.get(path, headers=_headers(token, agent))
        assert answer.json()["location"] == answer.headers["x-terraform-get"] == f"https://reg.example.test{relative}"
