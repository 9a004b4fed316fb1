"""`terrasmith check` as people call it: the exit code, the words on the terminal, and the report as JSON."""

import json
import shutil
from pathlib import Path

import click.testing
import pytest
import typer
from typer.testing import CliRunner

from terrasmith.check import check

app = typer.Typer()
app.command()(check)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / ".terraform" / "providers").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    return folder


def run(*arguments: str) -> click.testing.Result:
    # Starting Checkov takes seconds; what scans say is held by the tests of gate/scanning.
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "TERRASMITH_SCANNER": "off"})


needs_engine = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None, reason="neither terraform nor tofu is on PATH"
)


@needs_engine
def test_0_when_it_passes(module: Path) -> None:
    result = run(str(module), "--profile", "safety")
    assert result.exit_code == 0, result.output
    assert "passed" in result.output


@needs_engine
@pytest.mark.checklist("T-31")
def test_2_when_nobody_can_scan(module: Path) -> None:
    result = CliRunner().invoke(
        app, [str(module), "--profile", "safety"], env={"TERRASMITH_SCANNER": "/nowhere/python", "COLUMNS": "200"}
    )
    assert result.exit_code == 2, result.output
    assert "/nowhere/python" in result.output


@needs_engine
def test_1_when_it_is_refused_and_the_place_is_shown(module: Path) -> None:
    (module / "evil.tf").write_text('\ndata "external" "x" {\n}\n')
    result = run(str(module), "--profile", "safety")
    assert result.exit_code == 1
    assert "evil.tf:2" in result.output
    assert "Compute the value in Terraform" in result.output


def test_2_when_nobody_can_judge(module: Path) -> None:
    result = CliRunner().invoke(
        app, [str(module), "--profile", "safety"], env={"TERRASMITH_TERRAFORM": "/nowhere", "TERRASMITH_SCANNER": "off"}
    )
    assert result.exit_code == 2
    assert "/nowhere" in result.output


def test_the_report_as_json(module: Path) -> None:
    report = json.loads(run(str(module), "--json").output)
    assert report["verdict"] == "refused"
    assert report["profile"] == "house"
    assert len(report["digest"]) == 64


@pytest.mark.parametrize("what", ["link", "folder link", "empty", "missing", "too many"])
def test_what_is_no_module_folder_is_said(module: Path, what: str) -> None:
    folder = module
    if what == "link":
        (module / "x.tf").symlink_to("/etc/passwd")
    elif what == "folder link":
        (module / "modules").symlink_to("/etc")
    elif what == "too many":
        for number in range(2_010):
            (module / f"{number}.md").touch()
    else:
        folder = module.parent / what
        if what == "empty":
            folder.mkdir()
    result = run(str(folder))
    assert result.exit_code == 2
    assert result.stderr.startswith("terrasmith: ")


def test_reports_are_written_beside_what_is_shown(module: Path, tmp_path: Path) -> None:
    sarif, table = tmp_path / "report.sarif", tmp_path / "summary.md"
    result = run(str(module), "--output", f"sarif={sarif}", "--output", f"markdown={table}")
    assert "refused" in result.output
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert table.read_text().startswith("## Terrasmith: refused")


@pytest.mark.parametrize("output", ["report.sarif", "pdf=x", "sarif="])
def test_an_output_that_is_none_is_said_before_anything_runs(module: Path, output: str) -> None:
    result = run(str(module), "--output", output)
    assert result.exit_code == 2
    assert "FORMAT=FILE" in result.stderr


def test_an_output_that_cannot_be_written_is_said(module: Path, tmp_path: Path) -> None:
    result = run(str(module), "--output", f"json={tmp_path}/no/such/folder.json")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_places_are_told_from_where_the_command_is_run(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (module / "evil.tf").write_text('data "external" "x" {\n}\n')
    monkeypatch.chdir(tmp_path)
    for folder in ("module", str(module)):
        result = run(folder, "--profile", "safety", "--format", "github")
        assert "file=module/evil.tf,line=1" in result.stdout


@needs_engine
def test_fix_mends_what_has_one_right_form_and_nothing_else(module: Path) -> None:
    ugly, kept = module / "main.tf", module / "notes.md"
    ugly.write_text('variable "x" {\ntype=string\n}\n')
    ugly.chmod(0o640)
    kept.write_text("as  it   is\n")
    shown = run(str(module), "--profile", "safety", "--diff")
    assert "+  type = string" in shown.stderr
    assert ugly.read_text() == 'variable "x" {\ntype=string\n}\n'
    result = run(str(module), "--profile", "safety", "--fix")
    assert "mended main.tf" in result.stderr
    assert ugly.read_text() == 'variable "x" {\n  type = string\n}\n'
    assert ugly.stat().st_mode & 0o777 == 0o640
    assert kept.read_text() == "as  it   is\n"
    assert "nothing to mend" in run(str(module), "--profile", "safety", "--fix").stderr


@needs_engine
def test_fix_mends_a_name_that_the_provider_nearly_has(module: Path) -> None:
    code = module / "main.tf"
    wrong = 'resource "terraform_data" "this" {\n  inputt           = "inputt"\n  triggers_replace = 1\n}\n'
    code.write_text(wrong)
    assert '+  input            = "inputt"' in run(str(module), "--profile", "safety", "--diff").stderr
    assert code.read_text() == wrong
    result = run(str(module), "--profile", "safety", "--fix")
    assert (result.exit_code, result.stderr) == (0, "mended main.tf\n")
    assert code.read_text() == wrong.replace("  inputt           =", "  input            =")


def test_an_output_that_cannot_be_written_is_told_before_the_gate_runs(tmp_path: Path) -> None:
    """A folder without a module would be refused by the reading of it, had that come first."""
    result = run(str(tmp_path / "nowhere"), "--output", f"json={tmp_path}")
    assert result.exit_code == 2
    assert "cannot be written" in result.output
    new = tmp_path / "report.json"
    assert run(str(tmp_path / "nowhere"), "--output", f"json={new}").exit_code == 2
    assert not new.exists()
