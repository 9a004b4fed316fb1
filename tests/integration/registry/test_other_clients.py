"""What the other clients of a registry send, in our words, and what each of them does with our answer.

Read in their public sources; the file is named with each. Where a client asks for the public API, a clean 404 is what
it takes for "nothing there" as long as we do not offer it, and the right answer is held as soon as we do.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

HOST = "https://reg.example.test"
MODULE = "acme/bucket/aws"
ARCHIVE_ENDINGS = ("zip", "tar.bz2", "tar.gz", "tgz", "tar.xz", "txz")


@dataclass
class Visitor:
    """One of those clients: the headers it always sends, and with which requests it sends its token."""

    http: TestClient
    agent: str
    token: str | None

    def get(self, url: str, *, signed_in: bool = True, **headers: str) -> httpx.Response:
        sent = {"User-Agent": self.agent} | {name.replace("_", "-"): value for name, value in headers.items()}
        if signed_in and self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        return self.http.get(url, headers=sent, follow_redirects=False)

    def json(self, url: str, **more: Any) -> Any:
        answer = self.get(url, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def go_getter(self, location: str) -> bytes:
        """HEAD and GET without a token, the arguments for itself taken out, the checksum verified (go-getter)."""
        parts = urlsplit(location)
        asked = parse_qs(parts.query)
        assert parts.scheme == "https" and asked["archive"] == ["tar.gz"]
        url = parts._replace(query="").geturl()
        assert self.http.head(url, headers={"User-Agent": "Go-http-client/1.1"}).status_code == 200
        archive = self.get(url, signed_in=False, Accept_Encoding="gzip")
        assert archive.status_code == 200 and "content-encoding" not in archive.headers
        kind, _, digest = asked["checksum"][0].partition(":")
        assert hashlib.new(kind, archive.content).hexdigest() == digest
        return archive.content


@pytest.fixture(params=["public", "private"])
def visitor(request, sqlite_registry):
    """`visitor(agent)` comes to a registry with one module, with its token where one is needed."""
    sqlite_registry.namespace("acme", request.param)
    for version in ("0.9.0", "1.0.0", "1.1.0-rc.1"):
        sqlite_registry.publish(MODULE, version)
    token = sqlite_registry.token("acme") if request.param == "private" else None
    http = TestClient(sqlite_registry.app, base_url=HOST, raise_server_exceptions=False)
    return lambda agent: Visitor(http, agent, token)


def _modules_url(asker: Visitor, *, signed_in: bool = True) -> str:
    """Discovery, and the address it names; every client here resolves a path with a leading slash."""
    value = asker.json(f"{HOST}/.well-known/terraform.json", signed_in=signed_in)["modules.v1"]
    assert value.startswith("/") and value.endswith("/")
    return urljoin(HOST, value)


def _nothing_or(answer: httpx.Response) -> Any | None:
    """None for a clean 404, the JSON of a 200; anything else fails."""
    if answer.status_code == 404:
        assert isinstance(answer.json()["errors"][0], str)
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.checklist("R11", "R38")
def test_renovate(visitor) -> None:
    """renovatebot/renovate, `lib/modules/datasource/terraform-module/index.ts`: versions, and where changelogs are."""
    asker = visitor("RenovateBot/41.0.0 (https://github.com/renovatebot/renovate)")
    base = _modules_url(asker)
    module = asker.json(f"{base}{MODULE}/versions", Accept="application/json")["modules"][0]
    assert {one["version"] for one in module["versions"]} == {"0.9.0", "1.0.0", "1.1.0-rc.1"}
    assert re.match(r"https?://", module["source"])


@pytest.mark.checklist("R11", "R15")
def test_dependabot(visitor) -> None:
    """dependabot/dependabot-core, `terraform/lib/dependabot/terraform/registry_client.rb`: joins, adds no slash."""
    asker = visitor("dependabot-core/0.300.0 excon/1.2.0 ruby/3.4.0")
    base = _modules_url(asker)
    listed = asker.json(urljoin(base, f"{MODULE}/versions"))["modules"][0]["versions"]
    assert listed[0]["version"] == "1.1.0-rc.1"
    details = _nothing_or(asker.get(urljoin(base, f"{MODULE}/1.0.0")))
    assert details is None or re.match(r"https?://", details["source"])
    if asker.token:  # a 401 is what it reports as a private source without credentials
        assert asker.get(urljoin(base, f"{MODULE}/versions"), signed_in=False).status_code == 401


@pytest.mark.checklist("R12")
def test_trivy(visitor) -> None:
    """aquasecurity/trivy, `pkg/iac/scanners/terraform/parser/resolvers/registry.go` and `remote.go`: resolves nothing.

    The body's `location` goes to go-getter as it is, if it begins with one of a few prefixes. It sends the module's
    version as X-Terraform-Version.
    """
    asker = visitor("trivy/0.67.0")
    listed = asker.json(f"{HOST}/v1/modules/{MODULE}/versions")["modules"]
    assert len(listed) == 1
    answer = asker.get(f"{HOST}/v1/modules/{MODULE}/1.0.0/download", X_Terraform_Version="1.0.0")
    assert answer.status_code == 200
    assert asker.go_getter(answer.json()["location"])


@pytest.mark.checklist("R4", "R12", "R20")
def test_checkov(visitor) -> None:
    """bridgecrewio/checkov, `checkov/terraform/module_loading/loaders/registry_loader.py`: puts the host before."""
    asker = visitor("python-requests/2.32.3")
    base = _modules_url(asker, signed_in=False)
    versions = asker.json(urljoin(base, f"{MODULE}/versions"))["modules"][0]["versions"]
    assert "1.0.0" in [one["version"] for one in versions]
    answer = asker.get(urljoin(base, f"{MODULE}/1.0.0/download"))
    location = answer.headers["X-Terraform-Get"]
    assert not urlsplit(location).netloc and location.startswith("/")
    assert urlsplit(location).path.endswith(ARCHIVE_ENDINGS)
    assert asker.get(f"{HOST}{location}", signed_in=False).status_code == 200


@pytest.mark.checklist("R5", "R12", "R19")
def test_terragrunt(visitor) -> None:
    """gruntwork-io/terragrunt, `tf/getter.go`: one token everywhere, the header first, else a flat JSON object."""
    asker = visitor("Go-http-client/1.1")
    base = _modules_url(asker).rstrip("/")
    assert asker.json(f"{base}/{MODULE}/versions")["modules"][0]["versions"]
    url = f"{base}/{MODULE}/1.0.0/download"
    answer = asker.get(url)
    assert all(isinstance(value, str) for value in answer.json().values())
    assert asker.go_getter(urljoin(url, answer.headers["X-Terraform-Get"]))


@pytest.mark.checklist("R12", "R19")
def test_infracost(visitor) -> None:
    """infracost/infracost, `internal/hcl/modules/registry.go`: the header alone, resolved against the service."""
    asker = visitor("Go-http-client/1.1")
    base = _modules_url(asker)
    assert asker.json(f"{base}{MODULE}/versions")["modules"][0]["versions"]
    answer = asker.get(f"{base}{MODULE}/1.0.0/download")
    assert asker.go_getter(urljoin(base, answer.headers["X-Terraform-Get"]))


@pytest.mark.checklist("R11")
def test_terraform_ls(visitor) -> None:
    """hashicorp/terraform-ls, `internal/registry/module.go`: no discovery, no token; the details are for completion."""
    asker = visitor("Go-http-client/1.1")
    listed = asker.get(f"{HOST}/v1/modules/{MODULE}/versions", signed_in=False)
    if asker.token:
        assert listed.status_code == 401
        return
    assert [one["version"] for module in listed.json()["modules"] for one in module["versions"]]
    details = _nothing_or(asker.get(f"{HOST}/v1/modules/{MODULE}/1.0.0", signed_in=False))
    if details is not None:
        assert details["version"] == "1.0.0" and details["published_at"].endswith("Z")
        for part in (details["root"], *details["submodules"]):
            assert all(isinstance(one.get("default", ""), str) for one in part["inputs"])
            assert all(isinstance(one["name"], str) for one in part["outputs"])


@pytest.mark.checklist("R37")
def test_terraform_mcp_server(visitor) -> None:
    """hashicorp/terraform-mcp-server, `pkg/tools/registry`: searches in quotation marks, lowers ids, sends no token."""
    asker = visitor("terraform-mcp-server/0.3.0")
    found = _nothing_or(asker.get(f"{HOST}/v1/modules/search?q='bucket'&offset=0", signed_in=False))
    if found is not None:
        assert all(one["id"].count("/") == 3 for one in found["modules"])
    if asker.token:
        return
    latest = _nothing_or(asker.get(f"{HOST}/v1/modules/{MODULE}", signed_in=False))
    assert latest is None or latest["version"] == "1.0.0"
    details = _nothing_or(asker.get(f"{HOST}/v1/modules/{MODULE}/1.0.0?offset=0", signed_in=False))
    assert details is None or {"namespace", "name", "source", "root"} <= details.keys()
