"""A foreign program on a short lead: bounded output, a deadline, and no survivor. Knows no Terraform."""

import json
import os
import select
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from gate import namespaces
from gate.confinement import Confinement

Limit = Literal["time", "memory", "output", "file size"]

_LAUNCHER = Path(__file__).with_name("launch.py")
_CHUNK = 1 << 16
STARTED = b"started\n"
"""What the launcher says when it has handles to give, before its account."""
_STRICTEST = Confinement()
_GRACE_SECONDS = 10.0
_LONGEST_WAIT = 86_400.0  # seconds; selectors know no longer one
# What Go, libc and Python say when the address space is used up.
_OUT_OF_MEMORY = ("out of memory", "cannot allocate memory", "MemoryError", "failed to create new OS thread")


@dataclass(frozen=True)
class Limits:
    """For one process each, except the output, which is for all that it starts."""

    memory_bytes: int = 4 << 30
    cpu_seconds: int = 600
    file_bytes: int = 1 << 30
    open_files: int = 1024
    processes: int = 4096
    """And threads, of this user and on the whole machine; the kernel counts none for root."""
    output_bytes: int = 32 << 20


@dataclass(frozen=True)
class Completed:
    """How a command ended. `code` is None when it was killed; `limit` then says which limit it hit, if one."""

    code: int | None
    stdout: str
    stderr: str
    seconds: float
    limit: Limit | None = None


class Supervised:
    """A running program behind the launcher. Always close it; closing ends everything it started."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        limits: Limits,
        confinement: Confinement = _STRICTEST,
        inherited: Sequence[int] = (),
        stdin: bool = False,
    ) -> None:
        self.limits = limits
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.code: int | None = None
        self.limit: Limit | None = None
        self._closed = False
        self._handles: list[int] = []
        self._lifeline, theirs = socket.socketpair()
        order = confinement.to_order(argv[0]) | {
            "argv": list(argv),
            "lifeline": theirs.fileno(),
            "memory": limits.memory_bytes,
            "cpu": limits.cpu_seconds,
            "file": limits.file_bytes,
            "open_files": limits.open_files,
            "processes": limits.processes,
        }
        bubblewrap = namespaces.bubblewrap() if confinement.required and confinement.namespaces else None
        wrapped = namespaces.around(bubblewrap, confinement, argv[0], directory) if bubblewrap else []
        order["forget"] = [] if not wrapped or "PWD" in environment else ["PWD"]  # which bubblewrap adds
        try:
            self._process = subprocess.Popen(
                [*wrapped, sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(order)],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=directory,
                env=dict(environment),
                # A program that listens gets its socket from us: it can neither make one nor put one in its place.
                pass_fds=(theirs.fileno(), *inherited),
                start_new_session=True,
            )
        except BaseException:
            self._lifeline.close()
            raise
        finally:
            theirs.close()

    @property
    def running(self) -> bool:
        """Whether the program still runs. The kernel says it at once; what stands around it takes a moment to see."""
        if self._closed or self._process.poll() is not None:
            return False
        handles = self._introduced()
        if not handles:
            return True  # not started yet, or on a system without such handles
        return not select.select([handles[1]], [], [], 0)[0]

    def processes(self) -> list[psutil.Process]:
        """The program and all that it started, also what has detached itself."""
        handles = self._introduced()
        launcher = _process_of(handles[0]) if handles else self._process.pid
        try:
            return psutil.Process(launcher).children(recursive=True) if launcher > 0 else []
        except psutil.NoSuchProcess:
            return []

    def _introduced(self) -> list[int]:
        """The kernel's handles on the launcher and on the program, once the launcher has sent them."""
        if not self._handles and not self._closed:
            with suppress(OSError):
                _, self._handles, _, _ = socket.recv_fds(self._lifeline, len(STARTED), 2, socket.MSG_DONTWAIT)
        return self._handles

    @property
    def streams(self) -> list[int]:
        """The descriptors of its output, for whoever reads it in another way than `read`."""
        return [stream.fileno() for stream in (self._process.stdout, self._process.stderr) if stream is not None]

    def send(self, data: bytes) -> None:
        """Write to the program's standard input; a program that is gone shows at the next read."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def end_input(self) -> None:
        """Close the program's standard input: it will hear nothing more."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def read(self, deadline: float, *, until: Callable[[], bool] = lambda: False, hangup: int | None = None) -> bool:
        """Collect output until `until` holds (True), or the program closes its output or meets a limit (False).

        `deadline` is a value of `time.monotonic`. When the descriptor `hangup` becomes readable, nobody waits any more:
        the program is ended as at a limit, without one to name.
        """
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ, self.stdout)
            selector.register(self._process.stderr, selectors.EVENT_READ, self.stderr)
            if hangup is not None:
                selector.register(hangup, selectors.EVENT_READ)
            while any(key.data is not None for key in selector.get_map().values()):
                if until():
                    return True
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return self._stop("time")
                for key, _ in selector.select(min(remaining, _LONGEST_WAIT)):
                    if key.data is None:
                        self.close()
                        return False
                    piece = os.read(key.fd, _CHUNK)
                    key.data.extend(piece)
                    if not piece:
                        selector.unregister(key.fileobj)
                if len(self.stdout) + len(self.stderr) > self.limits.output_bytes:
                    return self._stop("output")
        return until()

    def _stop(self, limit: Limit) -> bool:
        self.limit = limit
        self.close()
        return False

    def close(self, *, wait: bool = False) -> None:
        """Cut the lifeline and wait until nothing is left. With `wait`, let the program end by itself first."""
        if self._closed:
            return
        self._closed = True
        if not wait:
            self._lifeline.shutdown(socket.SHUT_WR)
        self._lifeline.settimeout(_GRACE_SECONDS)
        account = self._account()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._lifeline.close()
        for handle in self._handles:
            os.close(handle)
        self._handles = []
        code = account.get("code")
        if self.limit is None and isinstance(code, int):
            self.code = code
            self.limit = self._limit_of(code)

    def _account(self) -> dict[str, object]:
        """The launcher's last words; it has none when it was killed."""
        words = b""
        try:
            while not words.endswith(b"}\n") and (piece := self._lifeline.recv(_CHUNK)):
                words += piece
            return dict(json.loads(words.rsplit(STARTED)[-1] or b"{}"))
        except (OSError, ValueError):
            return {}

    def _limit_of(self, code: int) -> Limit | None:
        # Go says what happened first, Python last; between lie thousands of stack lines.
        words = bytes(self.stderr[:10_000] + self.stderr[-10_000:]).decode("utf-8", "replace")
        if code == -24 or "SIGXCPU" in words:
            return "time"
        if code == -25:  # SIGXFSZ
            return "file size"
        if code == -9 or (code != 0 and any(sign in words for sign in _OUT_OF_MEMORY)):
            return "memory"
        return None


def _process_of(handle: int) -> int:
    """The process behind a handle, as this process sees it; -1 when it has gone."""
    with suppress(OSError):
        for line in Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii").splitlines():
            if line.startswith("Pid:"):
                return int(line.split()[1])
    return -1


def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    limits: Limits,
    deadline: float,
    hangup: int | None = None,
    confinement: Confinement = _STRICTEST,
) -> Completed:
    """Run one program to its end or to a limit. What it may touch beside its pipes, `confinement` must name."""
    started = time.monotonic()
    program = Supervised(argv, environment=environment, directory=directory, limits=limits, confinement=confinement)
    try:
        program.read(deadline, hangup=hangup)
        program.close(wait=program.limit is None)
    finally:
        program.close()
    return Completed(
        code=program.code if program.limit is None else None,
        stdout=program.stdout.decode("utf-8", "replace"),
        stderr=program.stderr.decode("utf-8", "replace"),
        seconds=time.monotonic() - started,
        limit=program.limit,
    )
