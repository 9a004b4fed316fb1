"""`terrasmith scanner install`: an environment whole or not at all, and an error that says what to do."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import UserError
from gate.scanning.warm import ScannerSettings, missing
from terrasmith import scanner_environment
from terrasmith.main import app

ABSENT = f"nothing-of-the-kind==1.0 --hash=sha256:{'0' * 64}\n"


def test_an_environment_is_made_once_and_an_unreachable_package_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock, place, said = tmp_path / "some.lock", tmp_path / "checkov", list[str]()
    lock.write_text("# nothing\n", encoding="utf-8")
    python = scanner_environment.install(place, lock, said.append)
    assert python == place / "bin" / "python" and python.is_file()
    assert scanner_environment.install(place, lock, said.append) == python
    assert [text.split()[0] for text in said] == ["Installing", "Checkov's"]
    lock.write_text(ABSENT, encoding="utf-8")
    with pytest.raises(UserError, match="A package index is needed once") as told:
        scanner_environment.install(place, lock, said.append)
    assert "nothing-of-the-kind" in told.value.message


def test_half_an_environment_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")  # a Python without venv
    lock, place = tmp_path / "some.lock", tmp_path / "checkov"
    lock.write_text(ABSENT, encoding="utf-8")
    with pytest.raises(UserError, match="python3-venv"):
        scanner_environment.install(place, lock, print)
    assert not place.exists()


def test_a_folder_with_something_else_in_it_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = CliRunner().invoke(app, ["scanner", "install", "--place", str(tmp_path)])
    assert isinstance(done.exception, UserError) and "Name another --place" in done.exception.message
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_the_lock_is_found_and_whoever_misses_checkov_is_told_the_command() -> None:
    assert scanner_environment.lock_file().name == "requirements-checkov.lock"
    assert "terrasmith scanner install" in missing(ScannerSettings()).fix
