"""Keeps a few processes of this machine running: starts them in order, restarts the dead with back-off, stops them in
reverse, and leaves no orphan, not even after its own SIGKILL. Knows nothing of what the processes do.
"""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from core.errors import UserError

_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_HEALTHY_SECONDS = 30.0
_LOG_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Program:
    """One process to keep: how to start it, and how to see that it works."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    grace_seconds: float = 10.0


@dataclass
class _Child:
    program: Program
    group: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    next_start: float = 0.0


@dataclass
class Supervisor:
    """One supervisor per data directory; a second one is refused while the first lives."""

    directory: Path
    tell: Callable[[str], None]
    _children: list[_Child] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _claim: IO[str] | None = None

    def take_over(self) -> None:
        """Claim the data directory, and end what an earlier supervisor left behind when it was killed."""
        try:
            # Keys, drafts of private modules and logs live here: nobody else on this machine reads them.
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The kernel lets go of the lock when its holder dies, however it dies.
            claim = (self.directory / "supervisor.lock").open("a")
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise UserError(
                f"Cannot keep data in {self.directory}: {reason}. Choose another folder with --data-dir."
            ) from None
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            claim.close()
            owner = _read(self._pids).get("supervisor", {}).get("pid", "unknown")
            raise UserError(
                f"Terrasmith already runs in {self.directory} (process {owner}). "
                "Stop it first, or choose another folder with --data-dir."
            ) from None
        self._claim = claim
        left = []
        for child in _read(self._pids).get("children", []):
            if (process := _alive(child)) is not None:
                self.tell(f"ending {child['name']} (process {child['pid']}), left over from an earlier run")
                left.append(process)
        _end(left, 3.0)
        self._record()

    def start(self, *programs: Program, timeout: float = 60.0) -> None:
        """Start processes side by side and wait until all of them work.

        UserError with the end of the log of one that does not; InterruptedError when `interrupt()` came first.
        """
        with self._lock:
            group = max((child.group for child in self._children), default=0) + 1
            fresh = [_Child(program, group) for program in programs]
            for child in fresh:
                self._children.append(child)
                self._spawn(child)
        deadline = time.monotonic() + timeout
        for child in fresh:
            while not self._works(child):
                if time.monotonic() > deadline:
                    name = child.program.name
                    raise UserError(f"{name} was not ready after {timeout:.0f} s:\n{self.tail(child.program)}")
                self.pause(0.05)

    def interrupt(self) -> None:
        """Give up starting; safe to call from a signal handler."""
        self._stopping.set()

    def pause(self, seconds: float) -> None:
        """Wait a little; InterruptedError when `interrupt()` came."""
        if self._stopping.wait(seconds):
            raise InterruptedError

    def watch(self) -> None:
        """From now on, restart whatever dies."""
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End everything: what was started together ends together, the last group first. Safe to call twice."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        with self._lock:
            for group in sorted({child.group for child in self._children}, reverse=True):
                members = [child for child in self._children if child.group == group]
                alive = [child.process for child in members if child.process and child.process.poll() is None]
                _end(alive, max(child.program.grace_seconds for child in members))
            self._children.clear()
        if self._claim is not None:
            self._pids.unlink(missing_ok=True)
            self._claim.close()
            self._claim = None

    def tail(self, program: Program, lines: int = 15) -> str:
        """The end of a program's log."""
        with suppress(OSError):
            text = self._log(program).read_text(encoding="utf-8", errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return "(no log)"

    def _works(self, child: _Child) -> bool:
        assert child.process is not None
        program, code = child.program, child.process.poll()
        if code is not None:
            raise UserError(f"{program.name} ended at once (exit {code}):\n{self.tail(program)}")
        return program.ready()

    def _keep_alive(self) -> None:
        while not self._stopping.wait(0.1):
            with self._lock:
                for child in self._children:
                    self._look_after(child)

    def _look_after(self, child: _Child) -> None:
        assert child.process is not None
        code = child.process.poll()
        if code is None:
            if child.deaths and time.monotonic() - child.started > _HEALTHY_SECONDS:
                child.deaths = 0
            return
        if not child.next_start:
            wait = _BACKOFF_SECONDS[min(child.deaths, len(_BACKOFF_SECONDS) - 1)]
            child.deaths += 1
            child.next_start = time.monotonic() + wait
            self.tell(f"{child.program.name} died (exit {code}); starting it again in {wait:g} s")
        elif time.monotonic() >= child.next_start and not self._stopping.is_set():
            try:
                self._spawn(child)
            except OSError as error:
                child.next_start = time.monotonic() + _BACKOFF_SECONDS[-1]
                self.tell(f"{child.program.name} could not be started: {error}; trying again later")

    def _spawn(self, child: _Child) -> None:
        child.next_start = 0.0
        log = self._log(child.program)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as stream:
            child.process = subprocess.Popen(
                child.program.argv,
                env=dict(child.program.env),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
                cwd=self.directory,
            )
        child.started = time.monotonic()
        self._record()

    def _record(self) -> None:
        children = [
            {"name": child.program.name, **_identity(child.process.pid)}
            for child in self._children
            if child.process is not None and child.process.poll() is None
        ]
        text = json.dumps({"supervisor": _identity(os.getpid()), "children": children})
        scratch = self._pids.with_suffix(".tmp")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(self._pids)

    def _log(self, program: Program) -> Path:
        return self.directory / "logs" / f"{program.name}.log"

    @property
    def _pids(self) -> Path:
        return self.directory / "processes.json"


def _read(path: Path) -> dict:  # type: ignore[type-arg]  # what we wrote ourselves, or nothing
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _identity(pid: int) -> dict[str, float]:
    # A process id alone may have been given to somebody else since.
    try:
        return {"pid": pid, "created": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:
        return {"pid": pid, "created": 0.0}


def _alive(identity: Mapping[str, float]) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess, KeyError):
        process = psutil.Process(int(identity["pid"]))
        if abs(process.create_time() - identity["created"]) < 1.0 and _runs(process):
            return process
    return None


def _end(processes: Sequence[psutil.Process | subprocess.Popen[bytes]], grace: float) -> None:
    """SIGTERM to each, one grace period for all, then SIGKILL to their sessions and to whatever they had started."""
    family = {member for process in processes for member in _family(process.pid)}
    for process in processes:
        _send(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in processes:
        family.update(_family(process.pid))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    deadline = time.monotonic() + 5
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)


def _runs(process: psutil.Process | subprocess.Popen[bytes]) -> bool:
    if isinstance(process, subprocess.Popen):
        return process.poll() is None
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []
