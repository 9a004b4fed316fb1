"""Scanners to ask: the service with a stub for Checkov, which starts at once, and one real, warm one per worker."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from gate.scanning.service import Recycling
from gate.scanning.warm import PROCESS, ScannerSettings, find_python
from tests.scanners import stub_environment

_PATIENCE = 120.0
_SCRIPT = """
import signal, sys
from pathlib import Path
from gate.scanning.service import Recycling, Service
from gate.scanning.warm import ScannerSettings

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
settings = ScannerSettings({python!r}, Path({place!r}), {seconds!r})
Service(settings, lambda text: print(text, flush=True), {recycling!r}).run()
"""


@dataclass
class Running:
    """A service in a process of its own."""

    settings: ScannerSettings
    process: subprocess.Popen[bytes]
    log: Path

    def told(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def checkovs(self) -> list[psutil.Process]:
        """Checkov's own processes: those that wait for connections, and the scans."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in family if _words(one)[3:4] == [str(PROCESS)]]

    def stop(self) -> None:
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        assert self.process.wait(_PATIENCE) == 0, self.told()
        assert not psutil.wait_procs(family, timeout=_PATIENCE)[1], "it left somebody behind"
        assert self.settings.socket
        assert not self.settings.socket.exists()


def start(python: str, folder: Path, recycling: Recycling | None = None, seconds: float = 100.0) -> Running:
    settings = ScannerSettings(python, folder / "s" / "socket", seconds)
    script = _SCRIPT.format(python=python, place=str(settings.socket), seconds=seconds, recycling=recycling)
    log = folder / "service.log"
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=stream, stderr=stream)
    running = Running(settings, process, log)
    until(lambda: "is warm" in running.told(), running.told)
    return running


def until(holds: Callable[[], bool], otherwise: Callable[[], str] = lambda: "it never came to that") -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="session")
def stub_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(stub_environment(tmp_path_factory.mktemp("stub")))


@pytest.fixture
def serving(stub_python: str, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """`serving(Recycling(…), seconds)`: a service whose Checkov is the stub."""
    running: list[Running] = []

    def begin(recycling: Recycling | None = None, seconds: float = 100.0) -> Running:
        running.append(start(stub_python, tmp_path, recycling, seconds))
        return running[0]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def checkov(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScannerSettings]:
    """A real Checkov, warm; it costs five CPU seconds, once."""
    python = find_python(ScannerSettings())
    if python is None:
        pytest.skip("Checkov is not installed beside this environment: run tools/venv.sh checkov")
    running = start(str(python), tmp_path_factory.mktemp("checkov"))
    yield running.settings
    running.stop()
