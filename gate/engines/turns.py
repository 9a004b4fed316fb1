"""Turns: how many judgements may run engines at once on this machine, whatever processes they belong to.

A turn is a lock on a file, which the kernel gives back when its holder dies.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gate.engines.needs import Demands
from gate.engines.port import Engine, EngineBusyError, Session
from gate.workspace import Workspace

_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class InTurn:
    """An engine that is opened only when it has a turn."""

    engine: Engine
    folder: Path
    most: int
    patience_seconds: float

    @contextmanager
    def open(self, workspace: Workspace, demands: Demands | None = None) -> Iterator[Session]:
        with turn(self.folder, self.most, self.patience_seconds), self.engine.open(workspace, demands) as session:
            yield session


@contextmanager
def turn(folder: Path, most: int, patience_seconds: float) -> Iterator[None]:
    """Wait for one of `most` turns. EngineBusyError when none came free in time."""
    deadline = time.monotonic() + patience_seconds
    descriptor = _take(folder, most)
    while descriptor is None:
        if time.monotonic() >= deadline:
            raise EngineBusyError
        time.sleep(_LOOK_SECONDS)
        descriptor = _take(folder, most)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(folder: Path, most: int) -> int | None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(most):
        descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None
