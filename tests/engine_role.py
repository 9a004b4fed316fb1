"""The role `terrasmith engine` for tests: in a thread of this process, or as the process that an operator starts."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gate.engines import warm
from gate.engines.port import EngineSettings
from gate.engines.server import EngineServer

_ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def lending(settings: EngineSettings, **values: object) -> Iterator[EngineSettings]:
    """A role in a thread: what it starts are processes of their own all the same. Gives the settings to judge with."""
    with tempfile.TemporaryDirectory(prefix="e-", dir="/tmp") as folder:
        path = Path(folder) / "engine.sock"
        server = EngineServer(settings, path, folder=Path(folder), **values)  # type: ignore[arg-type]
        ready = threading.Event()
        thread = threading.Thread(target=server.serve, args=(ready.set,), daemon=True)
        thread.start()
        assert ready.wait(60), "the role did not start"
        try:
            yield replace(settings, socket=path)
        finally:
            server.stop()
            thread.join(30)
            assert not thread.is_alive()


class EngineProcess:
    """`terrasmith engine` as a process. Kill it, start it again on the same socket; always stop it."""

    def __init__(self, path: Path, settings: EngineSettings) -> None:
        self.path = path
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(_ROOT),
            "TERRASMITH_ENGINE_SOCKET": str(path),
            "TERRASMITH_TERRAFORM": settings.terraform or "",
            "TERRASMITH_SANDBOX": settings.sandbox,
            "TERRASMITH_ENGINE_JOBS": "1",
        }
        self.log = path.with_suffix(".log")
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "terrasmith", "engine"], env=environment, stdout=stream, stderr=stream
            )
        deadline = time.monotonic() + 60
        while warm.greet(path) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        """In order; its exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """As the kernel would."""
        self.process.kill()
        self.process.wait(30)
