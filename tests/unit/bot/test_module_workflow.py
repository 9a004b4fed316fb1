"""The workflow that a pull request suggests: it is what our own gate asks of one."""

import re
from pathlib import Path

import yaml

from bot.pull_text import workflow
from gate.material import Material
from gate.rules.workflows import ci_workflow


def test_our_own_gate_finds_nothing_in_it():
    files = {".github/workflows/module.yml": workflow().encode()}
    conclusion = ci_workflow(Material(files, {}))
    assert (conclusion.outcome, conclusion.findings) == ("passed", ())


def test_it_scans_with_the_version_that_we_scan_with():
    lock = Path(__file__).parents[3] / "requirements-checkov.lock"
    ours = re.search(r"^checkov==([\d.]+)", lock.read_text(), re.MULTILINE)
    steps = yaml.safe_load(workflow())["jobs"]["check"]["steps"]
    assert ours is not None
    assert any(f"checkov=={ours[1]} " in step.get("run", "") for step in steps)
