"""Makes Checkov's environment: a folder beside Terrasmith's own, filled by pip with what the lock file names.

Takes nothing whose hash the lock does not hold, and nothing that would have to be built. Scans nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import UserError
from gate.scanning.warm import beside
from tfmodule.files import printable

_LOCK = "requirements-checkov.lock"
_NOT_PASSED_ON = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV"}
)
"""What would lead pip somewhere else. Where it finds packages (PIP_INDEX_URL and the like) stays the caller's."""
_MOST = 400


def lock_file() -> Path:
    """The lock of this release: in the source tree, or where the wheel puts it."""
    for place in (Path(__file__).parents[1] / _LOCK, Path(sys.prefix) / "share" / "terrasmith" / _LOCK):
        if place.is_file():
            return place
    raise UserError(f"`{_LOCK}` is not part of this installation. Install Terrasmith from its wheel or its source.")


def own_place() -> Path:
    """Where the gate looks when nobody says otherwise."""
    if sys.prefix == sys.base_prefix:
        raise UserError(
            "Terrasmith does not run in an environment of its own, so there is no place beside it. Name a folder with "
            "--place DIR, and set TERRASMITH_SCANNER to DIR/bin/python."
        )
    return beside().parent.parent


def install(place: Path, lock: Path, say: Callable[[str], None]) -> Path:
    """Bring the environment to the lock, and name its Python. Done again, it does nothing. Raises UserError."""
    python = place / "bin" / "python"
    # The same mark as that of tools/venv.sh: either takes the other's environment as it is.
    stamp = place / f"terrasmith-checkov-{_digest(lock)}"
    if python.is_file() and stamp.exists():
        say(f"Checkov's environment is there already: {place}")
        return python
    fresh = not place.exists()
    try:
        if not python.is_file():
            _make(place)
        say(f"Installing what {lock.name} names into {place} (once; a minute or so) …")
        _pip(python, "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(lock))
        _pip(python, "check")
    except BaseException:
        if fresh:  # half an environment would be taken for a whole one
            shutil.rmtree(place, ignore_errors=True)
        raise
    for old in place.glob("terrasmith-checkov-*"):
        old.unlink()
    stamp.touch()
    return python


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16]


def _make(place: Path) -> None:
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UserError(f"`{printable(str(place))}` is there and is no environment of Python. Name another --place.")
    done = _run([sys.executable, "-m", "venv", str(place)])
    if done.returncode != 0:
        raise UserError(
            f"No environment could be made at `{printable(str(place))}`: {_last(done)}. Debian and Ubuntu keep what "
            "that takes in the package python3-venv; a folder that you may not write wants --place DIR."
        )


def _pip(python: Path, *arguments: str) -> None:
    done = _run([str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", *arguments])
    if done.returncode == 0:
        return
    said = done.stderr + done.stdout
    if "DO NOT MATCH THE HASHES" in said:
        raise UserError("A package is not what the lock file says it is, so nothing was kept. Ask whose index that is.")
    raise UserError(
        f"pip could not do it: {_last(done)}. A package index is needed once: see that this machine reaches one, or "
        "name one in PIP_INDEX_URL. Without Checkov, TERRASMITH_SCANNER=off is your word to go on unscanned."
    )


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return printable(errors[-1].removeprefix("ERROR: ").rstrip("."))[:_MOST] if errors else f"code {done.returncode}"
