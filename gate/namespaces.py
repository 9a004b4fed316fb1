"""Namespaces by bubblewrap, where it is installed and may make them: a view of the machine that holds nothing else.

They come around the launcher, which applies everything else inside as always; so whatever they would fail to hide is
still shut. Whether they can be had is tried once: containers and some distributions forbid them.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gate.confinement import SYSTEM, Confinement, python_files

_HERE = Path(__file__).resolve().parent
_LAUNCHER_FILES = (_HERE / "sandbox", _HERE / "launch.py", _HERE / "__init__.py")
_FLAGS = ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_MADE = (Path("/dev"), Path("/proc"))
"""bubblewrap makes these itself, with nothing of the machine's in them."""
_TRIAL = (
    "import os; open(f'/proc/{os.getpid()}/mem').close(); print(os.getpid() < 10 and not os.path.exists('/etc/passwd'))"
)
_PATIENCE_SECONDS = 20.0


@functools.cache
def bubblewrap() -> str | None:
    """The program, where it is there and works: tried once in the life of a process."""
    program = shutil.which("bwrap") if sys.platform == "linux" else None
    if program is None:
        return None
    trial = [
        *around(program, Confinement(), sys.executable, _HERE / "sandbox"),
        sys.executable,
        "-I",
        "-S",
        "-c",
        _TRIAL,
    ]
    try:
        done = subprocess.run(trial, env={}, capture_output=True, timeout=_PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return program if (done.returncode, done.stdout.strip()) == (0, b"True") else None


def around(program: str, confinement: Confinement, started: str, directory: Path) -> list[str]:
    """What to put before the launcher's command: what it needs itself is there too, to be seen and not to be read."""
    shown = {*SYSTEM, *python_files(), *_LAUNCHER_FILES, Path(started), directory}
    shown |= {*confinement.readable, *confinement.executable, *confinement.sockets}
    changed = _outermost(confinement.writable)
    words = [program, *_FLAGS]
    mounts = [(path, "--bind") for path in changed]
    mounts += [(path, "--ro-bind") for path in _outermost(sorted(shown)) if not _below(path, changed)]
    for path, kind in sorted(mounts):
        if not _below(path, _MADE) and path.exists():
            words += [kind, str(path), str(path)]
    return [*words, "--dev", "/dev", "--proc", "/proc", "--chdir", str(directory), "--"]


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Without what lies below another of them, which is there with it."""
    kept: list[Path] = []
    for path in sorted(Path(os.path.normpath(path)) for path in paths):
        if not _below(path, kept):
            kept.append(path)
    return kept


def _below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)
