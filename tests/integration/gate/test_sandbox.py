"""The sandbox of this machine: what it stops, how older kernels would do, and what happens where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gate.confinement import Confinement
from gate.sandbox.probe import probe, try_everything

ROOT = Path(__file__).parents[3]
WITHOUT_LANDLOCK = Path(__file__).parent / "hostile" / "without_landlock.py"


def test_this_machine_reaches_the_required_level() -> None:
    found = probe()
    assert found.reason == ""
    assert found.level >= "L2"
    assert [attempt.title for attempt in found.attempts if not attempt.wanted] == []


@pytest.mark.parametrize("landlock", [1, 2, 3, 4, 5])
def test_what_an_older_landlock_lacks_the_filter_makes_up_for(landlock: int) -> None:
    found = try_everything(Confinement(landlock=landlock))
    assert (found.level, found.landlock) == ("L2", landlock)


def test_the_probe_notices_what_is_not_stopped() -> None:
    found = try_everything(Confinement(landlock=0, required=False))
    assert found.level == "L1"
    assert "read a file outside its folder" in found.reason


@pytest.mark.checklist("T-32")
def test_without_landlock_nothing_runs_and_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    done = subprocess.run(
        [
            sys.executable,
            WITHOUT_LANDLOCK,
            sys.executable,
            "-m",
            "terrasmith",
            "check",
            "--json",
            "--profile",
            "safety",
            str(tmp_path),
        ],
        cwd=ROOT,
        env={**os.environ, "TERRASMITH_SANDBOX": "require", "TERRASMITH_SCANNER": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["sandbox"], report["engine"]) == (2, "undecided", "L0", "none")
    told = next(finding for finding in report["findings"] if finding["rule"] == "sandbox")
    assert "no Landlock" in told["fix"]
    assert "TERRASMITH_SANDBOX=trusted-local" in told["fix"]
    ran = {check["id"]: check["outcome"] for check in report["checks"]}
    assert {ran[name] for name in ("fmt", "init", "validate", "test")} == {"undecided"}
