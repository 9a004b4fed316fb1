"""`terrasmith check --url`: the gate on a laptop, with the modules that a real registry has for the calls."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from terrasmith.main import app as command
from tests.integration.registry.calling import publish

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None,
    reason="neither terraform nor tofu is on PATH",
)


def check(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[int, dict[str, Any]]:
    monkeypatch.setenv("TERRASMITH_SANDBOX", "require")
    monkeypatch.setenv("TERRASMITH_SCANNER", "off")
    done = CliRunner().invoke(command, ["check", str(folder), "--profile", "safety", "--json", *options])
    printed = "\n".join(line for line in done.stdout.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line))
    return done.exit_code, json.loads(printed) if printed else {}


def test_calls_are_judged_as_the_registry_will(
    sqlite_registry: Any, serving: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "module"
    folder.mkdir()
    sqlite_registry.namespace("acme", "private")
    token = sqlite_registry.token("acme")
    with serving(sqlite_registry.app) as port:
        host = f"127.0.0.1:{port}"
        publish(sqlite_registry, "acme/base/null", "1.0.0", 'output "x" {\n  value = 1\n}\n')
        inner = f'module "base" {{\n  source = "{host}/acme/base/null"\n}}\n\n'
        inner += 'output "x" {\n  value = module.base.x\n}\n'
        publish(sqlite_registry, "acme/net/null", "1.2.0", inner)

        def judged(constraint: str, *options: str, name: str = "net") -> tuple[int, dict[str, Any]]:
            call = f'module "net" {{\n  source  = "{host}/acme/{name}/null"\n  version = "{constraint}"\n}}\n\n'
            (folder / "main.tf").write_text(call + 'output "x" {\n  value = module.net.x\n}\n')
            return check(folder, monkeypatch, *options)

        url = ("--url", f"http://{host}", "--token", token)
        assert judged("~> 1.0", *url)[0] == 0
        for options, constraint, name, rule, line, words in (
            (url, "~> 2.0", "net", "module-call", 3, "There are: 1.2.0."),
            (url, "> 1 < 2", "net", "module-call", 3, "a comma is missing"),
            (url, "~> 1.0", "none", "module-call", 2, "is no module of this registry"),
            ((), "~> 1.0", "net", "module-source", 2, "foreign code"),
        ):
            code, report = judged(constraint, *options, name=name)
            found = report["findings"][0]
            assert (code, found["rule"], found["path"], found["line"]) == (1, rule, "main.tf", line)
            assert words in found["message"]
        assert judged("~> 1.0", "--url", f"http://{host}")[0] == 2  # a private registry without a token
