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


def test_an_evaluation_is_told_kept_and_compared(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(
        "id,difficulty,prompt,intent,reference\nlabel,1,a naming and tags module,,\nnone,2,a mainframe,,\n"
    )
    done = _run("eval", "set.csv", "--keyless", "--out", "told")
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "told" / "results.json").read_text())
    assert [(one["id"], one["made"], one["right"]) for one in told["results"]] == [
        ("label", "made", True),
        ("none", "nothing-fits", False),
    ]
    assert told["results"][0]["checks"]["test"] == "passed"
    assert "<table>" in (tmp_path / "told" / "index.html").read_text()
    kept = (tmp_path / "told" / "results.jsonl").read_text()
    # Broken off in the middle of a line, and run again: what is whole is not asked again.
    (tmp_path / "told" / "results.jsonl").write_text(kept[:-20])
    assert _run("eval", "set.csv", "--keyless", "--out", "told").exit_code == 0
    again = json.loads((tmp_path / "told" / "results.json").read_text())
    assert again["results"][0] == told["results"][0]
    told["results"][1]["right"] = True
    (tmp_path / "before.json").write_text(json.dumps(told))
    worse = _run("eval", "set.csv", "--keyless", "--out", "told", "--against", "before.json")
    assert worse.exit_code == 1
    assert "not any more: none" in worse.output
    for arguments in (("set.csv", "--model", "x"), ("nowhere.csv",), ("set.csv", "--against", "set.csv")):
        assert _run("eval", *arguments).exit_code == 2
