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
    publications: int = 3  # on each database
    gate: int = 2
    gate_module: Path | None = None  # a folder, measured beside our own templates
    search_modules: tuple[int, ...] = (1_000, 100_000)
    search_seconds: float = 2.0  # for each kind of question, and for each number of connections


FULL = Scale()
TINY = Scale(
    webhook_seconds=2.0,
    webhook_rounds=1,
    busy_seconds=1.0,
    eyes=2,
    pulls=1,
    installs=2,
    installs_of_thirty=1,
    reads_seconds=0.2,
    reads_rounds=1,
    modules=3,
    registry_modules=20,
    registry_seconds=1.0,
    registry_rounds=1,
    publications=1,
    gate=1,
    search_modules=(50,),
    search_seconds=0.1,
)
