"""`terrasmith generate` and `terrasmith templates`, as somebody types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from terrasmith.main import app


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERRASMITH_SCANNER", "off")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_a_sentence_becomes_a_module_that_passes(tmp_path: Path) -> None:
    done = _run("generate", "a naming and tags module", "--namespace", "acme")
    assert done.exit_code == 0, done.output
    assert "passed" in done.output
    folder = tmp_path / "terraform-terraform-label"
    assert {"main.tf", "README.md", "LICENSE", "versions.tf"} <= {path.name for path in folder.iterdir()}
    again = _run("generate", "a naming and tags module", "--out", str(folder))
    assert again.exit_code == 2
    assert "--overwrite" in again.output


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    done = _run("generate", "a naming and tags module", "--dry-run", "--json", "--name", "names")
    assert done.exit_code == 0, done.output
    assert "+++ b/main.tf" in done.stdout
    told = json.loads(done.stdout[done.stdout.index("\n{\n") :])
    assert (told["written"], told["name"], told["report"]["verdict"]) == (False, "names", "passed")
    assert list(tmp_path.iterdir()) == []


def test_what_differs_is_shown_and_replaced_only_when_told(tmp_path: Path) -> None:
    out = tmp_path / "label"
    assert _run("generate", "a naming and tags module", "--out", str(out)).exit_code == 0
    (out / "main.tf").write_text("# mine\n")
    (out / "kept.tf").write_text("# mine too\n")
    shown = _run("generate", "a naming and tags module", "--out", str(out), "--dry-run")
    assert "-# mine" in shown.stdout
    assert (out / "main.tf").read_text() == "# mine\n"
    assert _run("generate", "a naming and tags module", "--out", str(out), "--overwrite").exit_code == 0
    assert (out / "main.tf").read_text() != "# mine\n"
    assert (out / "kept.tf").read_text() == "# mine too\n"


def test_what_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    for request, told in (("", "in a sentence"), ("a mainframe", "built-in templates"), ("x" * 20_000, "at most")):
        done = _run("generate", request)
        assert done.exit_code == 2
        assert told in done.output
    (tmp_path / "taken").write_text("")
    done = _run("generate", "a naming module", "--out", "taken")
    assert "is a file" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken"]


def test_what_did_not_pass_is_kept_and_the_exit_code_says_so(tmp_path: Path) -> None:
    assert _run("templates", "new", "terraform-thing", "--in", "own").exit_code == 0
    main = tmp_path / "own" / "terraform-thing" / "main.tf"
    main.write_text(main.read_text().replace("var.name", "var.nobody"))
    done = _run("generate", "a thing", "--templates", "own")
    assert done.exit_code == 1, done.output
    assert "terrasmith check" in done.output
    assert "var.nobody" in (tmp_path / "terraform-terraform-thing" / "main.tf").read_text()


def test_a_template_of_ones_own_is_begun_shown_and_used(tmp_path: Path) -> None:
    assert _run("templates", "new", "terraform-thing", "--in", "own").exit_code == 0
    assert _run("templates", "new", "terraform-thing", "--in", "own").exit_code == 1
    assert "terraform-thing" in _run("templates", "list", "--templates", "own").output
    done = _run("generate", "a thing", "--templates", "own", "--out", "made", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["source"] == "template:terraform-thing"
    assert (tmp_path / "made" / "main.tf").is_file()


def test_templates_are_listed_and_shown() -> None:
    listed = json.loads(_run("templates", "list", "--json").stdout)
    assert "aws-bucket" in [one["template"] for one in listed]
    shown = _run("templates", "show", "aws-queue")
    for part in ("FIFO", "dead_letter_queue", "hashicorp/aws"):
        assert part in shown.output
    assert json.loads(_run("templates", "show", "aws-queue", "--json").stdout)["options"]
    missing = _run("templates", "show", "aws-nothing")
    assert missing.exit_code == 1
    assert "aws-queue" in str(missing.exception) + missing.output
