"""The GitHub Action: what it calls is pinned, what callers pass becomes no command, and its script does the work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from terrasmith.main import app

ROOT = Path(__file__).parents[3]


@pytest.fixture
def action() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return values


def test_what_it_uses_is_pinned_by_commit(action: dict[str, Any]) -> None:
    """T-40: a tag of somebody else's action can be moved."""
    used = [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_nothing_a_caller_passes_is_pasted_into_a_script(action: dict[str, Any]) -> None:
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"


def test_it_installs_from_the_lock_with_hashes() -> None:
    installs = [one for one in (ROOT / "deploy/action/install.sh").read_text().splitlines() if " pip install " in one]
    # What builds our own wheel is in the lock file too; isolation would fetch another one without any hash.
    assert installs and all("--require-hashes" in one or "--no-build-isolation" in one for one in installs)


def test_the_hooks_call_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["terrasmith-check", "terrasmith-fix"]
    for hook in hooks:
        assert CliRunner().invoke(app, [*hook["entry"].split()[1:], *hook["args"], "--help"]).exit_code == 0
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False


def _run(tmp_path: Path, module: str, **inputs: str) -> tuple[int, str, dict[str, str], str]:
    place = tmp_path / "place"
    program = place / "venv" / "bin" / "terrasmith"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m terrasmith "$@"\n')
    program.chmod(0o755)
    output, summary = tmp_path / "output", tmp_path / "summary"
    done = subprocess.run(
        [ROOT / "deploy/action/check.sh"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PLACE": str(place),
            "SOURCE": str(ROOT),
            "DIRECTORY": module,
            "PROFILE": "safety",
            "ALLOW_UNDECIDED": "false",
            "TERRASMITH_URL": "",
            "TERRASMITH_TOKEN": "",
            "TERRASMITH_SCANNER": "off",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            **inputs,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    told = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done.returncode, done.stdout + done.stderr, told, summary.read_text() if summary.exists() else ""


def test_its_script_refuses_with_annotations_a_summary_and_sarif(tmp_path: Path) -> None:
    module = tmp_path / "modules" / "a b"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('data "external" "x" {\n}\n')
    code, text, told, summary = _run(tmp_path, "modules/a b")
    assert code == 1
    assert told["verdict"] == "refused"
    assert "::error title=reaching-data,file=modules/a b/main.tf,line=1" in text
    assert "❌ failed" in summary
    results = json.loads(Path(told["sarif"]).read_text())["runs"][0]["results"]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "modules/a%20b/main.tf"


def test_what_a_module_says_is_no_command_for_the_runner(tmp_path: Path) -> None:
    """The report at the terminal quotes strangers; `##[add-mask]` would hold anywhere in a line."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('module "x" {\n  source = "##[add-mask]a"\n}\n')
    code, text, _, _ = _run(tmp_path, "m")
    before, guard, rest = text.partition("::stop-commands::")
    token = rest.split("\n", 1)[0]
    inside, end, after = rest.partition(f"\n::{token}::\n")
    assert code == 1 and guard and end and len(token) == 32
    assert "##[add-mask]" in inside and "##[" not in before
    assert all(line.startswith("::error ") for line in after.splitlines() if "##[" in line)


def test_its_script_lets_undecided_pass_only_where_asked_and_judged(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    nobody = {"TERRASMITH_TERRAFORM": "/no/such/engine"}
    assert _run(tmp_path, "m", **nobody)[0] == 2
    code, text, told, _ = _run(tmp_path, "m", ALLOW_UNDECIDED="true", **nobody)
    assert (code, told["verdict"]) == (0, "undecided")
    assert "allow-undecided" in text
    # A folder that is not there was not judged at all; that never passes.
    assert _run(tmp_path, "n", ALLOW_UNDECIDED="true")[0] == 2


def test_a_folder_named_like_a_command_is_only_a_folder(tmp_path: Path) -> None:
    code, _, _, _ = _run(tmp_path, '"; touch marker; "')
    assert code == 2
    assert not (tmp_path / "marker").exists()
