"""Provenance over HTTP, on both databases: what it says, that it fits its schema, and who may read it."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from starlette.testclient import TestClient

from registry.services import catalog, provenance
from registry.services.provenance import Asked, Origin, Person

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/reference/provenance.schema.json").read_text(encoding="utf-8"))
REPORT = {"verdict": "passed", "profile": "house", "tier": "provider", "engine": "Terraform 1.11.4", "sandbox": "L1"}
ORIGIN = Origin(
    tree="e" * 40,
    asked_by=Person(5, "ada"),
    released_by=Person(6, "grace"),
    request=Asked(
        request_id="req_0000000000000000001",
        prompt_sha256="a" * 64,
        writer="claude:claude-opus-5-5",
        instructions_sha256="b" * 64,
        report_digest="c" * 64,
    ),
    pull_number=3,
    report_digest="d" * 64,
    tools={"terrasmith": "0.1.0", "python": "3.11.7", "zlib": "1.2.13"},
)


@pytest.mark.checklist("P-04")
def test_P04_the_document_says_all_that_is_known(registry) -> None:
    registry.namespace("Acme")
    published = registry.publish("Acme/bucket/aws", "1.0.0+b", report=REPORT, origin=ORIGIN)
    answer = TestClient(registry.app).get("/v1/modules/acme/bucket/aws/1.0.0%2Bb/provenance")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    told = answer.json()
    jsonschema.validate(told, SCHEMA)
    assert (told["schema"], told["module"], told["version"]) == (provenance.SCHEMA, "Acme/bucket/aws", "1.0.0+b")
    assert told["archive"] == {"sha256": published.sha256, "h1": published.h1, "size": published.size}
    assert told["source"] == {
        "repository_id": 7,
        "repository_url": "https://github.example/Acme/terraform-aws-bucket",
        "commit": "c" * 40,
        "tree": "e" * 40,
        "tag": "v1.0.0+b",
        "path": "",
        "pull_number": 3,
    }
    assert told["people"] == {"asked": {"id": 5, "login": "ada"}, "released": {"id": 6, "login": "grace"}}
    assert told["request"]["writer"] == "claude:claude-opus-5-5"
    assert told["gate"] == REPORT | {"report_digest": "d" * 64, "providers": []}
    assert told["tools"]["zlib"] == "1.2.13"
    assert "prompt" not in told["request"]


@pytest.mark.checklist("P-04")
def test_P04_what_nobody_knows_is_null(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0", commit_sha="", tag="", source_url="")
    told = TestClient(registry.app).get("/v1/modules/acme/bucket/aws/1.0.0/provenance").json()
    jsonschema.validate(told, SCHEMA)
    assert told["source"]["commit"] is told["source"]["tag"] is told["request"] is told["people"]["asked"] is None


@pytest.mark.checklist("T-09")
def test_T09_the_provenance_of_a_private_version_is_as_private_as_the_version(registry) -> None:
    registry.namespace("closed", "private")
    registry.namespace("other", "private")
    registry.publish("closed/bucket/aws", "1.0.0", origin=ORIGIN)
    client = TestClient(registry.app)
    path = "/v1/modules/closed/bucket/aws/1.0.0/provenance"
    assert client.get(path).status_code == 401
    for token, status in ((registry.token("other"), 404), (registry.token("closed"), 200)):
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status and "no-store" in answer.headers["cache-control"]


def test_unknown_versions_are_said_to_be_unknown(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    client = TestClient(registry.app)
    for path in ("acme/bucket/aws/2.0.0", "acme/none/aws/1.0.0", "acme/bucket/aws/nonsense"):
        answer = client.get(f"/v1/modules/{path}/provenance")
        assert answer.status_code == 404 and "not found" in answer.json()["errors"][0]


def test_a_version_from_before_there_were_documents_tells_what_its_row_knows(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0", report=REPORT)
    with registry.database.read() as session:
        facts = catalog.version_by_id(session, published.id)
    assert facts is not None
    told = provenance.of(replace(facts, provenance=None))
    jsonschema.validate(told, SCHEMA)
    assert told["archive"]["sha256"] == published.sha256 and told["source"]["commit"] == "c" * 40


def test_the_page_shows_both_digests_and_the_way_to_the_document(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    page = TestClient(registry.app).get("/modules/acme/bucket/aws", headers={"Accept": "text/html"}).text
    assert published.sha256 in page and published.h1.replace("+", "&#43;") in page.replace("+", "&#43;")
    assert "/v1/modules/acme/bucket/aws/1.0.0/provenance" in page
