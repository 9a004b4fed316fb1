"""tools/venv.sh and the Makefile: clear words where they cannot work, and deaf to what the caller's shell holds."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOO_OLD = '#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac\n'
WITHOUT_VENV = (
    '#!/bin/sh\ncase "$1" in --version) echo "Python 3.12.1" ;; -c) case "$2" in *ensurepip*) exit 1 ;; esac ;; esac\n'
)


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    """A checkout without .venv, and a folder of programs that holds next to nothing."""
    for name in ("tools/venv.sh", "pyproject.toml", "requirements-embedded.lock", "requirements-dev.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for program in ("dirname", "rm"):
        found = shutil.which(program)
        assert found
        (tmp_path / "bin" / program).symlink_to(found)
    return tmp_path


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        (None, "needs Python 3.11 or newer; found here: none at all"),
        (TOO_OLD, "needs Python 3.11 or newer; found here: Python 3.9.2"),
        (WITHOUT_VENV, "apt-get install python3-venv"),
    ],
)
def test_what_is_missing_is_said(bare: Path, python: str | None, expected: str) -> None:
    if python:
        (bare / "bin" / "python3").write_text(python)
        (bare / "bin" / "python3").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "tools/venv.sh", "embedded"],
        cwd=bare,
        env={"PATH": str(bare / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert expected in done.stderr
    assert not (bare / ".venv").exists()


def test_the_callers_environment_does_not_reach_a_target(root: Path, tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    shutil.copy(root / "Makefile", makefile)
    with makefile.open("a") as more:
        more.write("\nshow:\n\t@env\n")
    hostile = {
        "TF_CLI_ARGS": "-help",
        "TF_CLI_CONFIG_FILE": "nowhere",
        "TERRASMITH_SANDBOX": "trusted-local",
        "DATABASE_URL": "sqlite:///x",
        "REDIS_URL": "redis://x",
        "PYTHONPATH": "x",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        ["make", "show"], cwd=tmp_path, env=os.environ | hostile, capture_output=True, text=True, check=True
    )
    assert not [line for line in done.stdout.splitlines() if line.split("=")[0] in hostile]


def test_every_target_is_described_or_private(root: Path) -> None:
    text = (root / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "check", "bench", "prove", "lock", "clean", "help"):
        assert f"make {target} " in shown
        assert f"\n{target}:" in text
