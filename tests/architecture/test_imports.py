"""The one direction of the packages, held by import-linter, and that no package escapes its contracts."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


def _contracts(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def test_every_import_keeps_its_contract(root: Path) -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_package_has_a_place_in_the_layers(root: Path, files: tuple[str, ...], packages: tuple[str, ...]) -> None:
    settings = _contracts(root)
    found = {name.split("/")[0] for name in files if name.count("/") == 1 and name.endswith("/__init__.py")}
    assert found == set(packages) == set(settings["root_packages"])
    layers = next(contract for contract in settings["contracts"] if contract["id"] == "layers")["layers"]
    placed = {name.strip() for floor in layers for name in floor.split("|")}
    # Those two stand beside the house; contracts of their own say who may meet them.
    assert placed | {"simulators", "migrations"} == found


@pytest.mark.parametrize("contract", ["layers", "cycles"])
def test_a_wrong_import_would_be_seen(tmp_path: Path, root: Path, contract: str) -> None:
    """The contracts themselves, on a house of the same shape with one import up and one circle."""
    packages = _contracts(root)["root_packages"]
    for name in packages:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "core" / "events.py").write_text("def late():\n    import workers\n")
    (tmp_path / "gate" / "one.py").write_text("from gate import two\n")
    (tmp_path / "gate" / "two.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gate import one\n"
    )
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text(encoding="utf-8"))
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache", "--contract", contract]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
