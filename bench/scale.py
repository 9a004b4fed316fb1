"""How much is measured: enough to quote, or just enough to see that it runs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """The counts and times of one run."""

    webhook_seconds: float = 20.0  # for each kind of request, in `webhook_rounds` turns
    webhook_rounds: int = 4
    busy_seconds: float = 6.0
    eyes: int = 10
    pulls: int = 3
    installs: int = 10
    installs_of_thirty: int = 5
    reads_seconds: float = 0.5  # for each cell, `reads_rounds` times
    reads_rounds: int = 3
    modules: int = 100
    registry_modules: int = 1_000
    registry_seconds: float = 2.0  # for each cell and its nginx, `registry_rounds` times
    registry_rounds: int = 3
    gate: int = 2
    gate_module: Path | None = None  # a folder, measured beside our own templates
    search_modules: tuple[int, ...] = (1_000, 100_000)
    search_seconds: float = 2.0  # for each kind of question


FULL = Scale()
TINY = Scale(2.0, 1, 1.0, 2, 1, 2, 1, 0.2, 1, 3, 20, 1.0, 1, 1, None, (50,), 0.1)
