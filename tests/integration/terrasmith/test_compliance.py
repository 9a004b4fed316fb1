"""`terrasmith compliance` as people call it: of a folder, by frameworks of ours and of their own."""

import csv
import json
from pathlib import Path

import click.testing
import pytest
import typer
from typer.testing import CliRunner

from terrasmith.compliance import compliance

OWN = """id = "own"
title = "Own"
version = "1"
licence = "CC0-1.0"
attribution = "Us."
[[requirement]]
id = "1"
words = "w"
"""
app = typer.Typer()
app.command()(compliance)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    return folder


def run(*arguments: str | Path) -> click.testing.Result:
    # No engine and no Checkov: what they say is held by other tests, and starting them takes seconds.
    nobody = {"TERRASMITH_TERRAFORM": "/nowhere", "TERRASMITH_SCANNER": "off", "COLUMNS": "200"}
    return CliRunner().invoke(app, [str(one) for one in arguments], env=nobody)


def test_a_folder_by_a_framework_of_ours(module: Path, tmp_path: Path) -> None:
    shown = run(module, "--framework", "soc2")
    assert shown.exit_code == 0, shown.output
    assert "evidence for" in shown.output
    found = json.loads(run(module, "--framework", "soc2", "--format", "json").output)
    states = {one["id"]: one["state"] for one in found["requirements"]}
    assert states["CC6.8"] == "evidence-for"  # the screen passed
    assert states["CC7.1"] == "no-evidence"  # nobody scanned
    assert states["CC1.1"] == "unmapped"
    file = tmp_path / "soc2.csv"
    assert run(module, "--framework", "soc2", "--format", "csv", "--output", file).exit_code == 0
    with file.open(newline="") as rows:
        assert {row["requirement"] for row in csv.DictReader(rows)} == set(states)
    assert str(tmp_path) not in file.read_text()


def test_a_folder_by_a_framework_of_ones_own(module: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN + 'rules = ["own-configuration"]\n')
    result = run(module, "--framework", file, "--format", "markdown")
    assert result.exit_code == 0, result.output
    assert "## Evidence for" in result.output
    assert "CC0" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--framework", "pci"), "Known: `cis-aws`, `soc2`"),
        (("--framework", "soc2", "--output", "x.json"), "--output wants --format"),
        (("--framework", "soc2", "--format", "csv", "--output", "/nowhere/x.csv"), "cannot be written"),
        (("--framework", "FILE"), "no rule is called `nothing`"),
    ],
)
def test_what_is_wrong_is_said(module: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN + 'rules = ["nothing"]\n')
    result = run(module, *(str(file) if one == "FILE" else one for one in arguments))
    assert result.exit_code == 2
    assert said in result.output


def test_no_folder_is_said(tmp_path: Path) -> None:
    result = run(tmp_path / "absent", "--framework", "soc2")
    assert result.exit_code == 2
    assert "absent" in result.output
