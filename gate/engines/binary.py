"""A terraform or tofu program as an engine: one process for each command, and nothing left of it afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gate.engines.needs import Demands
from gate.engines.port import Session
from gate.process import Completed, Limits, run
from gate.workspace import Workspace


@dataclass(frozen=True)
class BinaryEngine:
    """A terraform or tofu program, one process for each command."""

    program: str
    limits: Limits
    contained: bool = True
    """Whether it may only run where the kernel contains it."""

    @contextmanager
    def open(self, workspace: Workspace, demands: Demands | None = None) -> Iterator[Session]:
        yield _BinarySession(self, workspace)


@dataclass(frozen=True)
class _BinarySession:
    engine: BinaryEngine
    workspace: Workspace

    @property
    def kind(self) -> str:
        return "cold"

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float, hangup: int | None = None) -> Completed:
        return run(
            [self.engine.program, *arguments],
            environment=self.workspace.environment,
            directory=self.workspace.work / directory,
            limits=self.engine.limits,
            deadline=deadline,
            hangup=hangup,
            confinement=self.workspace.confinement(required=self.engine.contained),
        )
