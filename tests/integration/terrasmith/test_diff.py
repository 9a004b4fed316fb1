"""`terrasmith diff` on folders and archives: what it tells, and by which exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfmodule.archive import Entry, pack

OLD = b'resource "terraform_data" "a" {\n}\n'
NEW = b'resource "terraform_data" "b" {\n}\n'


def diff(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "terrasmith", "diff", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def sides(tmp_path: Path) -> tuple[str, str]:
    """A folder and an archive."""
    folder, packed = tmp_path / "old", tmp_path / "new.tar.gz"
    folder.mkdir()
    (folder / "main.tf").write_bytes(OLD)
    packed.write_bytes(pack([Entry("main.tf", NEW)]))
    return str(folder), str(packed)


def test_it_tells_the_step_and_fails_where_asked(sides: tuple[str, str]) -> None:
    done = diff(*sides, "--json", "--fail-on", "major")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["bump"], told["tried"], len(told["changes"])) == ("major", False, 2)


def test_the_note_suggests_the_move(sides: tuple[str, str]) -> None:
    done = diff(*sides, "--note")
    assert (done.returncode, done.stderr) == (0, "")
    assert "from = terraform_data.a\n  to   = terraform_data.b" in done.stdout


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("nothing", "is no folder, no archive and not NAMESPACE/NAME/SYSTEM@VERSION"),
        ("acme/bucket/aws@1.0.0", "Say with --url"),
    ],
)
def test_what_cannot_be_read_is_said(sides: tuple[str, str], other: str, said: str) -> None:
    done = diff(sides[0], other)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
