"""`terrasmith scanner`: keeps one warm Checkov behind a Unix socket, and puts a fresh one in its place in time.

It reads no module: connections go to Checkov's own process, which is on a short lead like every foreign program.
"""

import json
import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gate.process import Supervised
from gate.scanning.warm import ScannerSettings, command, environment, find_python, missing

_START_SECONDS = 120.0
_FOREVER = 10.0 * 365 * 86_400
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
        self.generation = 0
        self._tell = tell
        self._folder = tempfile.TemporaryDirectory(prefix="terrasmith-scanner-")
        self._program: Supervised | None = None

    def run(self) -> None:
        """Serve until an exception of the caller's (a signal's) ends it."""
        deaths = 0
        try:
            self._prepare()
            self._program = self._started()
            while True:
                began = time.monotonic()
                if self._serve(self._program):
                    deaths = 0
                    self._succeed()
                    continue
                deaths = deaths + 1 if time.monotonic() - began < _BACKOFF_SECONDS[-1] else 1
                self._tell(f"Checkov's process died ({self._last_words(self._program)}); starting another")
                self._program.close()
                time.sleep(_BACKOFF_SECONDS[min(deaths, len(_BACKOFF_SECONDS)) - 1])
                self._program = self._started()
        finally:
            self.close()

    def close(self) -> None:
        """End the process and take the socket away."""
        if self._program is not None:
            self._program.close()
            with suppress(OSError):
                self.place.unlink()
        self._folder.cleanup()

    def _prepare(self) -> None:
        if find_python(self.settings) is None:
            error = missing(self.settings)
            raise ScannerStartError(f"{error.message} {error.fix}")
        folder = self.place.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError as error:
            raise ScannerStartError(f"Cannot keep a socket in {folder}: {error.strerror}.") from None
        # Whoever could put another socket there could call any module clean.
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ScannerStartError(f"{folder} must belong to this user, and nobody else may write to it.")

    def _started(self) -> Supervised:
        """A process that listens, under its own name first: the old one serves until the new one is ready."""
        python = find_python(self.settings)
        assert python is not None
        self.generation += 1
        own = self.place.with_name(f"{self.place.name}.{self.generation}")
        with suppress(OSError):
            own.unlink()
        folder = Path(self._folder.name).resolve()
        recycling = self.recycling
        numbers = (recycling.scans, recycling.resident_bytes, self.settings.timeout_seconds)
        program = Supervised(
            command(python, "serve", str(own), *map(str, numbers)),
            environment=environment(folder),
            directory=folder,
            limits=self.settings.limits,
            stdin=True,
        )
        try:
            ready = program.read(time.monotonic() + _START_SECONDS, until=lambda: program.stdout.endswith(b"\n"))
            if not ready:
                program.close(wait=program.limit is None)
                raise ScannerStartError(f"Checkov did not start: {self._last_words(program)}")
            version = json.loads(program.stdout)["ready"]
            program.stdout.clear()
            own.replace(self.place)
        except BaseException:
            program.close()
            with suppress(OSError):
                own.unlink()
            raise
        self._tell(f"Checkov {version} is warm")
        return program

    def _serve(self, program: Supervised) -> bool:
        """True when the process asks for a successor, False when it is gone."""
        return program.read(time.monotonic() + _FOREVER, until=lambda: program.stdout.endswith(b"\n"))

    def _succeed(self) -> None:
        """Put a fresh process in the place of this one, which ends after the scans at hand."""
        old, self._program = self._program, None
        assert old is not None
        try:
            self._program = self._started()
            old.end_input()
            old.read(time.monotonic() + self.settings.timeout_seconds)
            old.close(wait=old.limit is None)
        finally:
            old.close()

    def _last_words(self, program: Supervised) -> str:
        words = program.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:300]
        return words or f"exit {program.code}, limit {program.limit}"
