"""The tool that cuts GitHub's description: same bytes each time, only what is reachable."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PERSON = {
    "type": "object",
    "description": "A person",
    "properties": {f"description_{each}": {"type": "string", "nullable": True} for each in range(12)},
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cut_openapi", ROOT / "tools" / "cut_openapi.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def full_description() -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}, "examples": {"a": 1}}}}
    get = {
        "operationId": "things/get",
        "description": "prose",
        "parameters": [{"$ref": "#/components/parameters/name"}],
        "responses": {"200": answer, "404": {"$ref": "#/components/responses/missing"}},
        "x-github": {"enabledForGitHubApps": True, "category": "things"},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "full"},
        "paths": {"/things/{name}": {"get": get, "delete": {**get, "operationId": "things/delete"}}},
        "x-webhooks": {
            "ping": {"post": {"requestBody": {"required": True, "content": {"application/json": {"schema": PERSON}}}}}
        },
        "components": {
            "parameters": {"name": {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}},
            "responses": {"missing": {"description": "gone", "content": {"application/json": {"schema": {}}}}},
            "schemas": {
                "thing": {"type": "object", "properties": {"description": {"type": "string"}, "owner": PERSON}},
                "unused": {"type": "string"},
            },
        },
    }


def test_it_keeps_what_is_asked_for_and_reachable(tool: ModuleType) -> None:
    document = tool.cut(full_description(), {"things/get"}, {"ping"})
    assert list(document["paths"]["/things/{name}"]) == ["get"]
    assert "unused" not in document["components"]["schemas"]
    assert "description" in document["components"]["schemas"]["thing"]["properties"], "a property is not prose"
    operation = document["paths"]["/things/{name}"]["get"]
    assert operation["x-github"] == {"enabledForGitHubApps": True}
    assert operation["responses"]["404"] == {"description": ""}


def test_a_repeated_schema_is_stored_once(tool: ModuleType) -> None:
    document = tool.cut(full_description(), {"things/get"}, {"ping"})
    schemas = document["components"]["schemas"]
    (shared,) = [name for name in schemas if name.startswith("shared-")]
    assert schemas["thing"]["properties"]["owner"] == {"$ref": f"#/components/schemas/{shared}"}


def test_the_same_input_gives_the_same_bytes(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "full.json").write_text(json.dumps(full_description()))
    (tmp_path / "list.txt").write_text("# a comment\nthings/get\nwebhook ping\n")
    written = []
    for name in ("one.json", "two.json"):
        tool.main([str(tmp_path / "full.json"), str(tmp_path / "list.txt"), str(tmp_path / name)])
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0])["openapi"] == "3.0.3"


def test_an_unknown_operation_is_refused(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full.json").write_text(json.dumps(full_description()))
    (tmp_path / "list.txt").write_text("things/explode\n")
    assert tool.main([str(tmp_path / "full.json"), str(tmp_path / "list.txt"), str(tmp_path / "out.json")]) == 1
    assert "things/explode" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_the_shipped_description_holds_exactly_the_listed_operations(tool: ModuleType) -> None:
    folder = ROOT / "simulators" / "github" / "openapi"
    operations, webhooks = tool.read_list((folder / "operations.txt").read_text())
    shipped = json.loads((folder / "github.json").read_text())
    held = {each["operationId"] for item in shipped["paths"].values() for each in item.values()}
    assert held == operations
    assert set(shipped["x-webhooks"]) == webhooks
    assert "MIT License" in (folder / "LICENSE").read_text()
