"""The API held to its own description: no answer that it does not declare, and none with a 5xx, whatever is asked."""

import json
from pathlib import Path

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from registry.api.own.table import document
from tests.integration.registry.example_world import NO_BODY, Asking, make, steady
from tests.integration.registry.uploading import archive
from tfmodule.contents import Contents

COMMITTED = Path(__file__).parents[3] / "docs/reference/openapi.json"
EXAMPLES = Path(__file__).parents[3] / "registry/api/examples.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# So that not every question is about what does not exist.
THERE = {"namespace": "acme", "name": "bucket", "system": "aws", "version": "1.0.0"}
# What schemathesis cannot make up: a body that might be a module, in place of random bytes.
schemathesis.openapi.media_type("application/gzip", st.sampled_from([archive("one"), archive("two"), b"", b"PK"]))
FILES = {
    "main.tf": b'variable "a" {\n  default = [1]\n}\noutput "b" {\n  value = 1\n}\nresource "aws_s3_bucket" "c" {}\n',
    "modules/inner/main.tf": b'module "d" {\n  source = "acme/other/aws"\n}\n',
}


def _ask(registry, examples: int) -> int:
    """Ask every operation this often; the number of answers that were none of 4xx."""
    registry.namespace("acme")
    registry.namespace("other", "private")
    registry.publish("acme/bucket/aws", "1.0.0", contents=Contents.from_files(FILES))
    registry.publish("acme/bucket/aws", "1.1.0-rc.1", contents=Contents.from_files({"main.tf": b""}))
    registry.index()
    schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())
    known = (registry.token("acme"), registry.token("acme", "publish"), registry.token("other", "publish"))
    tokens = st.sampled_from([None, *known, "tsm_" + "0" * 36])
    schema.app, fine = registry.app, 0

    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=examples < 100, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(), there=st.integers(0, 3), token=tokens)
        def ask(case, there: int, token: str | None) -> None:
            nonlocal fine
            if there:
                named = THERE | ({"name": f"sent{there}"} if "/upload" in case.path else {})
                known = {name: value for name, value in named.items() if name in case.path_parameters}
                case.path_parameters = {**case.path_parameters, **known}
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = case.call_and_validate(headers=headers, checks=CHECKS, allow_redirects=False)
            fine += answer.status_code < 400

        ask()
    return fine


def test_no_5xx_and_no_undeclared_answer(registry) -> None:
    assert _ask(registry, 5) > 40


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_no_5xx_and_no_undeclared_answer_in_many_questions(registry) -> None:
    assert _ask(registry, 400) > 2_000


def test_the_committed_description_is_the_present_one() -> None:
    assert json.loads(COMMITTED.read_text()) == document(), "terrasmith openapi > docs/reference/openapi.json"


def test_every_operation_says_what_it_needs_and_how_it_fails() -> None:
    found = document()
    assert found["openapi"].startswith("3.1")
    seen = set()
    for path, operations in found["paths"].items():
        for operation in operations.values():
            assert operation["operationId"] not in seen and not seen.add(operation["operationId"])
            assert operation["summary"] and operation["tags"] and operation["x-permission"], path
            assert {"422", "429", "500", "503"} <= set(operation["responses"]), path
            assert ("401" in operation["responses"]) == bool(operation["security"]), path
            examples = [one for one in operation.get("parameters", ()) if one["in"] == "path"]
            assert all(one["schema"].get("examples") for one in examples), path
    tags = {one["name"] for one in found["tags"]}
    assert {tag for one in found["paths"].values() for op in one.values() for tag in op["tags"]} == tags


def valid(value: object, schema: dict[str, object], described: dict[str, object]) -> None:
    # Without `check_schema`, which would go through the whole description again for every example.
    jsonschema.Draft202012Validator(schema | {"components": described["components"]}).validate(value)


def test_every_answer_has_a_whole_example_that_its_schema_allows() -> None:
    found = document()
    for path, operations in found["paths"].items():
        for operation in operations.values():
            bodies = {
                (status, kind): media
                for status, answer in operation["responses"].items()
                if status < "300"
                for kind, media in answer.get("content", {}).items()
            }
            assert bool(bodies) == (operation["operationId"] not in NO_BODY), path
            for place, media in bodies.items():
                assert "example" in media, (path, place)
                valid(media["example"], media["schema"], found)
    for name, answer in found["components"]["responses"].items():
        media = answer["content"]["application/json"]
        assert media["examples"], name
        for example in media["examples"].values():
            valid(example["value"], media["schema"], found)


def test_the_examples_are_what_a_real_server_answers(tmp_path: Path) -> None:
    """Moments, digests of packed bytes and numbers apart. `python -m tests.integration.registry.example_world`."""
    asking = Asking(make(tmp_path))
    found = {"answers": asking.answers(), "errors": asking.errors()}
    asking.registry.database.dispose()
    assert steady(found) == steady(json.loads(EXAMPLES.read_text()))


def test_head_is_answered_as_get_without_a_body(sqlite_registry, serving) -> None:
    sqlite_registry.namespace("acme")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0", contents=Contents.from_files(FILES))
    token = {"Authorization": f"Bearer {sqlite_registry.token('acme', 'publish')}"}
    paths = [path for path, operations in document()["paths"].items() if "get" in operations]
    assert len(paths) > 20
    with (
        serving(sqlite_registry.app) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=token) as client,
    ):
        for path in paths:
            url = path.format(**THERE, upload="upl_none") + ("?q=bucket" if path.endswith("search") else "")
            get, head = client.get(url), client.head(url)
            assert (head.status_code, head.content) == (get.status_code, b""), url
            assert head.headers.get("content-length") == get.headers.get("content-length"), url
            assert head.headers.get("etag") == get.headers.get("etag"), url
        known = client.head(url, headers={"If-None-Match": get.headers["etag"]})
        assert known.status_code == 304, url
        refused = client.delete("/api/v1/modules/acme/bucket/aws")
        assert refused.status_code == 405 and refused.headers["allow"] == "GET, HEAD"
        assert client.head("/v1/modules/acme/bucket/aws/1.0.0/upload").status_code == 405
