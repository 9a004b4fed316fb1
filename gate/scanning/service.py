"""`terrasmith scanner`: keeps one warm Checkov behind a Unix socket, and puts a fresh one in its place in time.

It reads no module: the socket is ours, and connections go to Checkov's own process, confined like every foreign
program, which could neither reach the socket's name nor put another in its place.
"""

import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gate.process import Supervised
from gate.scanning.warm import ScannerSettings, command, confinement, environment, find_python, missing

_START_SECONDS = 120.0
_FOREVER = 10.0 * 365 * 86_400
_QUEUE = 64
_BACKOFF_SECONDS = (0.2, 1.0, 5.0, 15.0)


class ScannerStartError(Exception):
    """The warm scanner cannot begin; the words say why and what to do."""


@dataclass(frozen=True)
class Recycling:
    """When a warm scanner has done enough."""

    scans: int = 500
    resident_bytes: int = 1 << 30


class Service:
    """One socket, behind it one process after the other."""

    def __init__(
        self, settings: ScannerSettings, tell: Callable[[str], None], recycling: Recycling | None = None
    ) -> None:
        if settings.socket is None:
            raise ScannerStartError("The scanner has no socket: set TERRASMITH_SCANNER_SOCKET.")
        self.place = settings.socket
        self.settings = settings
        self.recycling = recycling or Recycling()
        self._tell = tell
        self._folder = tempfile.TemporaryDirectory(prefix="terrasmith-scanner-")
        self._listener: socket.socket | None = None
        self._program: Supervised | None = None

    def run(self) -> None:
        """Serve until an exception of the caller's (a signal's) ends it."""
        deaths = 0
        try:
            self._listen()
            self._program = self._started()
            while True:
                began = time.monotonic()
                if self._serve(self._program):
                    deaths = 0
                    self._succeed(self._program)
                    continue
                # Until the next one is there, whoever asks waits in the socket's queue.
                deaths = deaths + 1 if time.monotonic() - began < _BACKOFF_SECONDS[-1] else 1
                self._program.close()
                self._tell(f"Checkov's process died ({_last_words(self._program)}); starting another")
                time.sleep(_BACKOFF_SECONDS[min(deaths, len(_BACKOFF_SECONDS)) - 1])
                self._program = self._started()
        finally:
            self.close()

    def close(self) -> None:
        """End the process and take the socket away."""
        if self._program is not None:
            self._program.close()
        if self._listener is not None:
            with suppress(OSError):
                self.place.unlink()
            self._listener.close()
        self._folder.cleanup()

    def _listen(self) -> None:
        if find_python(self.settings) is None:
            error = missing(self.settings)
            raise ScannerStartError(f"{error.message} {error.fix}")
        folder = self.place.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
            # Whoever could put another socket there could call any module clean.
            if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ScannerStartError(f"{folder} must belong to this user, and nobody else may write to it.")
            self.place.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(str(self.place))
            self.place.chmod(0o600)
            self._listener.listen(_QUEUE)
        except OSError as error:
            raise ScannerStartError(f"Cannot listen at {self.place}: {error.strerror or error}.") from None

    def _started(self) -> Supervised:
        """A process that has loaded Checkov and takes connections."""
        python = find_python(self.settings)
        if python is None or self._listener is None:
            raise ScannerStartError("Checkov's environment has gone.")
        folder = Path(self._folder.name).resolve()
        numbers = (self.recycling.scans, self.recycling.resident_bytes, self.settings.timeout_seconds)
        program = Supervised(
            command(python, "serve", str(self._listener.fileno()), *map(str, numbers)),
            environment=environment(folder),
            directory=folder,
            limits=self.settings.limits,
            confinement=confinement(python, folder, required=self.settings.contained),
            inherited=(self._listener.fileno(),),
            stdin=True,
        )
        try:
            if not program.read(time.monotonic() + _START_SECONDS, until=lambda: program.stdout.endswith(b"\n")):
                program.close(wait=program.limit is None)
                raise ScannerStartError(f"Checkov did not start: {_last_words(program)}.")
        except BaseException:
            program.close()
            raise
        self._tell(f"Checkov {json.loads(program.stdout)['ready']} is warm")
        program.stdout.clear()
        return program

    def _serve(self, program: Supervised) -> bool:
        """True when the process asks for a successor, False when it is gone."""
        return program.read(time.monotonic() + _FOREVER, until=lambda: program.stdout.endswith(b"\n"))

    def _succeed(self, old: Supervised) -> None:
        """A fresh process beside this one, which then ends after the scans at hand."""
        try:
            self._program = self._started()
            old.end_input()
            old.stdout.clear()
            old.read(time.monotonic() + self.settings.timeout_seconds)
            old.close(wait=old.limit is None)
        finally:
            old.close()


def _last_words(program: Supervised) -> str:
    words = program.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:300]
    return words or f"exit {program.code}, limit {program.limit}"
