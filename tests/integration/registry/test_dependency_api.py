"""Dependencies, dependants and compatibility over HTTP, and the command that asks for the last."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from registry.services import compatibility
from terrasmith.main import app as command
from tests.integration.registry.calling import demands, own, publish

APP, NET = "/api/v1/modules/acme/app/aws", "/api/v1/modules/acme/net/aws"


@pytest.fixture
def client(registry: Any) -> TestClient:
    registry.namespace("acme", "private")
    registry.namespace("other", "private")
    publish(registry, "acme/net/aws", "1.0.0", demands(aws="~> 4.0"))
    publish(registry, "acme/net/aws", "1.1.0", demands(">= 1.6", aws="~> 5.0"))
    publish(registry, "acme/app/aws", "1.0.0", own("acme/net/aws", "~> 1.0"))
    publish(registry, "acme/app/aws", "1.1.0", own("acme/net/aws", "~> 1.0"))
    token = registry.token("acme")
    return TestClient(registry.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)


def test_what_a_version_needs_and_who_needs_it(client: TestClient) -> None:
    answer = client.get(f"{APP}/versions/1.0.0/dependencies")
    assert answer.status_code == 200 and "private" in answer.headers["cache-control"]
    assert answer.json() == {
        "module": "acme/app/aws",
        "version": "1.0.0",
        "dependencies": [
            {
                "submodule": "", "kind": "module", "name": "it", "source": "reg.example.test/acme/net/aws",
                "constraint": "~> 1.0", "module": "acme/net/aws", "target": "", "path": "main.tf", "line": 3,
            }
        ],
    }  # fmt: skip
    first = client.get(f"{NET}/dependants?limit=1").json()
    assert [one["version"] for one in first["dependants"]] == ["1.1.0"]
    rest = client.get(first["meta"]["next_url"]).json()
    assert [one["version"] for one in rest["dependants"]] == ["1.0.0"] and "next_url" not in rest["meta"]


def test_which_versions_work(client: TestClient) -> None:
    found = client.get(f"{NET}/compatible", params={"terraform": "1.7", "provider": "hashicorp/aws=5.x"}).json()
    assert [(one["version"], one["compatible"]) for one in found["versions"]] == [("1.1.0", True), ("1.0.0", False)]
    assert found["versions"][1]["reasons"] and found["versions"][0]["reasons"] == []
    assert found["not_judged"] == 0 and all(one["decided"] for one in found["versions"])


def test_strangers_and_bad_questions(client: TestClient, registry: Any) -> None:
    foreign = {"Authorization": f"Bearer {registry.token('other')}"}
    for path in (f"{APP}/versions/1.0.0/dependencies", f"{NET}/dependants", f"{NET}/compatible"):
        assert client.get(path, headers=foreign).status_code == 404
        assert client.get(path, headers={"Authorization": ""}).status_code == 401
        missing = path.replace("/app/", "/none/").replace("/net/", "/none/")
        assert client.get(missing).status_code == 404
    assert client.get(f"{APP}/versions/9.0.0/dependencies").status_code == 404
    for asked, words in (
        ("terraform=latest", "no version to ask about"),
        ("provider=hashicorp/aws", "names no version"),
        ("provider=a/b/c/d=5", "is no provider"),
        ("provider=aws=", "no version to ask about"),
        ("terraform=" + "1" * 200, "100 characters"),
    ):
        answer = client.get(f"{NET}/compatible?{asked}")
        assert answer.status_code == 422 and words in answer.json()["errors"][0]


def test_the_command(sqlite_registry: Any, serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_registry.namespace("acme")
    publish(sqlite_registry, "acme/net/aws", "1.0.0", demands(aws="~> 4.0"))
    publish(sqlite_registry, "acme/net/aws", "1.1.0", demands(">= 1.6", aws="~> 5.0"))
    with serving(sqlite_registry.app) as port:
        base = ["acme/net/aws", "--url", f"http://127.0.0.1:{port}"]
        code, lines = run(*base, "--terraform", "1.7", "--provider", "hashicorp/aws=5")
        assert (code, lines[:2]) == (0, ["1.1.0  works", "1.0.0  does not work"])
        assert "wants registry.terraform.io/hashicorp/aws" in lines[2]
        code, lines = run(*base, "--provider", "hashicorp/aws=6")
        assert (code, len(lines)) == (1, 4)
        monkeypatch.setattr(compatibility, "_MOST_VERSIONS", 1)
        code, lines = run(*base, "--provider", "hashicorp/aws=6")
        assert (code, lines[-1]) == (2, "1 older versions were not looked at.")
        monkeypatch.setattr(compatibility, "_MOST_PARTS_READ", 0)
        code, lines = run(*base, "--provider", "hashicorp/aws=6")
        assert (code, lines[0]) == (2, "1.1.0  nobody can tell")
        code, lines = run(*base, "--json")
        assert code == 0 and json.loads("".join(lines))["module"] == "acme/net/aws"
        for wrong in (["--provider", "hashicorp/aws"], ["--terraform", "new"]):
            assert run(*base, *wrong)[0] == 2
        assert run("acme/none/aws", *base[1:])[0] == 2
    assert run("acme", "--url", "http://127.0.0.1:1")[0] == 2


def run(*arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines; the server in this process writes its log between them."""
    done = CliRunner().invoke(command, ["compatible", *arguments])
    return done.exit_code, [line for line in done.stdout.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line)]
