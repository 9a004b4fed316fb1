"""`terrasmith sandbox` and the worker that needs one: on this machine, and as on a kernel without Landlock."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from terrasmith.sandbox import at_start, sandbox

ROOT = Path(__file__).parents[3]
WITHOUT_LANDLOCK = ROOT / "tests" / "integration" / "gate" / "hostile" / "without_landlock.py"

app = typer.Typer()
app.command()(sandbox)


def without_landlock(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, WITHOUT_LANDLOCK, sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_tells_what_was_tried_and_the_level() -> None:
    result = CliRunner().invoke(app, [], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "level L2" in result.output
    assert "read /proc/self/environ" in result.output
    assert "✗" not in result.output
    assert at_start().startswith("sandbox: level L2.")


@pytest.mark.checklist("T-32")
def test_T32_without_landlock_it_says_what_to_do() -> None:
    done = without_landlock("-c", "import typer; from terrasmith.sandbox import sandbox; typer.run(sandbox)", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["level"], found["landlock"]) == (1, "L1", 0)
    assert "Linux 5.13 or newer" in found["reason"]


@pytest.mark.checklist("T-32")
def test_T32_without_landlock_no_worker_takes_strangers_code(sqlite_url: str, tmp_path: Path) -> None:
    done = without_landlock(
        *("-m", "terrasmith", "worker", "heavy"),
        DATABASE_URL=sqlite_url,
        REDIS_URL="redis://127.0.0.1:1/0",
        TERRASMITH_BASE_URL="http://127.0.0.1:1",
        TERRASMITH_DATA_DIR=str(tmp_path),
        TERRASMITH_SECRET_KEY="k" * 40,
        TERRASMITH_GITHUB_APP_ID="1",
        TERRASMITH_GITHUB_PRIVATE_KEY="-----BEGIN unused-----",
    )
    assert done.returncode == 1
    assert "this machine contains it to level L1 only" in done.stderr
    assert "TERRASMITH_SANDBOX=trusted-local" in done.stderr
