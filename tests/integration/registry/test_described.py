"""The API held to its own description: no answer that it does not declare, and none with a 5xx, whatever is asked."""

import json
from pathlib import Path

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
from tfmodule.contents import Contents

COMMITTED = Path(__file__).parents[3] / "docs/reference/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# So that not every question is about what does not exist.
THERE = {"namespace": "acme", "name": "bucket", "system": "aws", "version": "1.0.0"}
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
    tokens = st.sampled_from([None, registry.token("acme"), registry.token("other", "publish"), "tsm_" + "0" * 36])
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
                known = {name: value for name, value in THERE.items() if name in case.path_parameters}
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
