"""Load from wrk on one core, and what it made a server on another core spend: CPU time as the kernel counts it."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.wire import HOST
from core.errors import UserError

SERVER_CORE, CLIENT_CORE = 0, 1

# wrk's own text rounds; its script sees the figures.
_SCRIPT = """
done = function(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\\nBENCH {"requests": %d, "status": %d, "failed": %d, "p50": %f, "p99": %f, "max": %f}\\n',
    summary.requests, summary.errors.status, failed,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6))
end
"""

_ANY = """
request = function()
  return wrk.format(nil, string.format('%s', math.random(0, %d)))
end
"""

_ONE_OF = """
local paths = {%s}
request = function()
  return wrk.format(nil, paths[math.random(#paths)])
end
"""


@dataclass(frozen=True)
class Load:
    """What one cell gave: answers, those that were none of ours to be proud of, latency, and the server's CPU time."""

    requests: int
    failed: int
    seconds: float
    p50: float
    p99: float
    greatest: float
    cpu: float

    @property
    def cpu_each(self) -> float:
        """CPU seconds of the server for one request."""
        return self.cpu / self.requests if self.requests else float("inf")


@dataclass(frozen=True)
class Target:
    """A process that answers on a port, and what is asked of it.

    `path`, or any of `many` if it holds a `%d`; or at random one of `paths`, whose characters Lua takes as they are.
    """

    pid: int
    port: int
    path: str
    headers: tuple[str, ...] = ()
    many: int = 0
    paths: tuple[str, ...] = ()

    @property
    def choice(self) -> str:
        """What wrk's script adds to choose a path."""
        if self.paths:
            return _ONE_OF % ", ".join(json.dumps(one) for one in self.paths)
        return _ANY % (self.path, self.many - 1) if self.many else ""


def find_wrk() -> tuple[str, str]:
    """Wrk and taskset. Raises UserError that says how to get them."""
    found = shutil.which("wrk"), shutil.which("taskset")
    if found[0] is None or found[1] is None:
        raise UserError("this needs wrk and taskset on PATH (Debian: `apt-get install wrk util-linux`).")
    if (os.cpu_count() or 1) < 2:
        raise UserError("this needs two cores: one for the server, one for wrk.")
    return found[0], found[1]


def pin(pid: int) -> None:
    """Keep every thread of this process, and those they make, on the server's core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {SERVER_CORE})


def worker_of(pid: int) -> int:
    """The one child of a server that answers."""
    return int(psutil.Process(pid).children()[0].pid)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(psutil.Process(pid).memory_info().rss)


def load(target: Target, connections: int, seconds: float) -> Load:
    """Ask as fast as it answers."""
    wrk, taskset = find_wrk()
    headers = [part for header in target.headers for part in ("-H", header)]
    url = f"http://{HOST}:{target.port}{target.path % 0 if target.many else target.path}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT + target.choice)
        script.flush()
        argv = [taskset, "-c", str(CLIENT_CORE), wrk, "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s"]
        before = _cpu(target.pid)
        done = _run([*argv, "-s", script.name, *headers, url])
        spent = _cpu(target.pid) - before
    found = next(json.loads(line[6:]) for line in done.splitlines() if line.startswith("BENCH "))
    failed, wall = int(found["status"]) + int(found["failed"]), max(round(seconds), 1)
    return Load(int(found["requests"]), failed, wall, found["p50"], found["p99"], found["max"], spent)


def _run(argv: Sequence[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120).stdout


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
