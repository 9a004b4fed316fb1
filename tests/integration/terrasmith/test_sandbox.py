"""`terrasmith sandbox` and the worker that needs one: on this machine, and as on a kernel without Landlock."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from gate.sandbox.probe import probe
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
    level = probe().level
    assert f"level {level}" in result.output
    assert "read /proc/self/environ" in result.output
    assert "✗" not in result.output
    assert at_start().startswith(f"sandbox: level {level}.")


@pytest.mark.checklist("T-32")
def test_T32_without_landlock_it_says_what_to_do() -> None:
    done = without_landlock("-c", "import typer; from terrasmith.sandbox import sandbox; typer.run(sandbox)", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["level"], found["landlock"]) == (1, "L1", 0)
    assert "Linux 5.13 or newer" in found["reason"]


def worker_settings(database: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "TERRASMITH_BASE_URL": "http://127.0.0.1:1",
        "TERRASMITH_DATA_DIR": str(folder),
        "TERRASMITH_SECRET_KEY": "k" * 40,
        "TERRASMITH_GITHUB_APP_ID": "1",
        "TERRASMITH_GITHUB_PRIVATE_KEY": "-----BEGIN unused-----",
    }


@pytest.mark.checklist("T-32")
def test_T32_without_landlock_no_worker_takes_strangers_code(sqlite_url: str, tmp_path: Path) -> None:
    done = without_landlock(*("-m", "terrasmith", "worker", "heavy"), **worker_settings(sqlite_url, tmp_path))
    assert done.returncode == 1
    assert "this machine contains it to level L1 only" in done.stderr
    assert "TERRASMITH_SANDBOX=trusted-local" in done.stderr


@pytest.mark.checklist("T-32")
def test_T32_a_worker_that_is_asked_how_it_is_stays_and_says_why_it_takes_no_job(
    sqlite_url: str, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    worker = subprocess.Popen(
        [sys.executable, WITHOUT_LANDLOCK, sys.executable, "-m", "terrasmith", "worker", "heavy", "--health", address],
        cwd=ROOT,
        env={**os.environ, **worker_settings(sqlite_url, tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        answer = wait_for(lambda: ready_at(address), "L0")
        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert "contains it to level L1 only" in answer.json()["reason"]
        assert "terrasmith_sandbox_level 0\n" in httpx.get(f"http://{address}/metrics").text
        assert httpx.get(f"http://{address}/livez").status_code == 200
        assert worker.poll() is None
    finally:
        worker.terminate()
        assert worker.wait(30) == 0


def ready_at(address: str) -> httpx.Response | None:
    try:
        return httpx.get(f"http://{address}/readyz")
    except httpx.TransportError:
        return None


def wait_for(ask: Callable[[], httpx.Response | None], level: str) -> httpx.Response:
    deadline = time.monotonic() + 60
    while (answer := ask()) is None or answer.json().get("sandbox") != level:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


@pytest.mark.checklist("T-32")
def test_T32_trusted_local_is_told_at_each_run_and_in_the_report(tmp_path: Path) -> None:
    """What nothing contains is run on the operator's word: loudly, and never under the name of a level that held."""
    if shutil.which("terraform") is None and shutil.which("tofu") is None:
        pytest.skip("neither terraform nor tofu is on PATH")
    (tmp_path / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    done = without_landlock(
        *("-m", "terrasmith", "check", str(tmp_path), "--profile", "safety", "--format", "json"),
        TERRASMITH_SANDBOX="trusted-local",
        TERRASMITH_SCANNER="off",
    )
    assert done.stderr.count("contains code to level L1 only") == 1, done.stderr
    report = json.loads(done.stdout)
    assert (report["verdict"], report["sandbox"]) == ("passed", "L1")
    assert [one["severity"] for one in report["findings"] if one["rule"] == "sandbox"] == ["note"]
