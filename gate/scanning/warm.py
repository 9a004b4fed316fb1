"""How a scan gets to Checkov's own process: through the socket of `terrasmith scanner`, or by starting one for itself.

Knows environments, sockets and deadlines; what is asked and answered is read elsewhere (`checkov.py`).
"""

import json
import socket
import struct
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.confinement import Confinement
from gate.foreign_files import temporary
from gate.process import Limits, Supervised

OFF = "off"
"""As a setting: nobody scans, and every report says so."""
PROCESS = Path(__file__).with_name("checkov_process.py")
MOST_ANSWER_BYTES = 64 << 20

Question = Mapping[str, Mapping[str, str]]
"""By area: paths and texts."""
Answer = Mapping[str, Any]


class ScannerError(Exception):
    """No answer; the words say why, `fix` what to do, and `again` whether asking once more may help."""

    def __init__(self, message: str, fix: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.again = again


@dataclass(frozen=True)
class ScannerSettings:
    """What the operator decides about scanning. Values only: nothing here is read from the environment."""

    python: str | None = None
    """The interpreter of Checkov's environment; None looks beside our own environment; `off` scans nothing."""
    socket: Path | None = None
    """Where `terrasmith scanner` listens; None, or nobody there: a process for each scan."""
    timeout_seconds: float = 300.0
    """Wall limit of one scan."""
    memory_bytes: int = 2 << 30
    """Address space of one process."""
    contained: bool = True
    """Refuse to scan where the kernel cannot confine the scanner. False is for trusted code."""
    trusted_paths: tuple[Path, ...] = ()
    """More that a scanner on PATH may read and start, such as the interpreter of a script that stands for it."""

    @property
    def limits(self) -> Limits:
        return Limits(
            memory_bytes=self.memory_bytes,
            cpu_seconds=max(1, int(self.timeout_seconds)),
            file_bytes=64 << 20,
            output_bytes=MOST_ANSWER_BYTES,
        )


def find_python(settings: ScannerSettings) -> Path | None:
    """The interpreter that has Checkov: the one that was set, else that of the environment beside ours.

    Ours in `.venv` finds `.venv-checkov`, ours in `/venv` finds `/venv-checkov`: `terrasmith scanner install` makes it.
    """
    if settings.python:
        chosen = Path(settings.python).expanduser()
        return chosen.absolute() if chosen.is_file() else None
    return beside() if beside().is_file() else None


def beside() -> Path:
    """The interpreter of the environment beside ours, whether or not it is there."""
    ours = Path(sys.prefix)
    return ours.with_name(f"{ours.name}-checkov") / "bin" / "python"


def environment(folder: Path) -> dict[str, str]:
    """All that Checkov's process can see: built from nothing, so that no variable of ours or the caller's steers it."""
    return {
        "PATH": "",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        # Its own clock for one file would make a busy machine say other things than an idle one; ours holds for all.
        "HCL_PARSE_TIMEOUT_SEC": "0",
    }


def command(python: Path, *arguments: str) -> list[str]:
    """Start the process with nothing on its path but Checkov's own environment."""
    return [str(python), "-P", "-s", str(PROCESS), *arguments]


def confinement(python: Path, folder: Path, *, required: bool) -> Confinement:
    """Checkov reads its own environment and our one file, writes to one folder, and has no network and no socket."""
    return Confinement(
        readable=(*_python_files(python), PROCESS), writable=(folder,), required=required, namespaces=False
    )  # an environment reaches its Python over links that lead where nothing was named: L2 until they are all known


def _python_files(python: Path) -> tuple[Path, ...]:
    """The environment of an interpreter that is not ours, and the Python that it was made from."""
    prefix = python.parent.parent
    places = [prefix]
    with suppress(OSError):
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
        homes = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home"]
        # A prefix such as /usr holds far more than Python.
        places += [Path(home).parent / name for home in homes for name in ("lib", "lib64")]
    return (*places, python.resolve())


def ask(settings: ScannerSettings, question: Question) -> Answer:
    """The answer of the warm scanner; one that died under the question, or is not there, costs a process of our own.

    Raises ScannerError.
    """
    deadline = time.monotonic() + settings.timeout_seconds
    if settings.socket is not None:
        try:
            return _ask_warm(settings.socket, question, deadline)
        except ScannerError as error:
            if not error.again:
                raise
    return _ask_once(settings, question, deadline)


def _ask_warm(place: Path, question: Question, deadline: float) -> Answer:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.connect(str(place))
            connection.sendall(_packed(question))
            return _read(connection, deadline)
        except TimeoutError:
            raise overdue() from None
        except OSError as error:
            raise ScannerError(
                f"The scanner did not answer: {error.strerror or error}.", _RESTART, again=True
            ) from None


def _read(connection: socket.socket, deadline: float) -> Answer:
    data = bytearray()
    while len(data) < 4 or len(data) < 4 + struct.unpack("!I", data[:4])[0]:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise overdue()
        connection.settimeout(remaining)
        piece = connection.recv(1 << 16)
        if not piece:
            raise ScannerError("The scanner died without an answer.", _RESTART, again=True)
        data += piece
        if len(data) > MOST_ANSWER_BYTES:
            raise ScannerError("The scanner's answer is too long.", "Make the module smaller.")
    return _unpacked(bytes(data))


def _ask_once(settings: ScannerSettings, question: Question, deadline: float) -> Answer:
    python = find_python(settings)
    if python is None:
        raise missing(settings)
    with temporary("scan") as folder:
        program = Supervised(
            command(python, "once"),
            environment=environment(folder),
            directory=folder,
            limits=settings.limits,
            confinement=confinement(python, folder, required=settings.contained),
            stdin=True,
        )
        try:
            program.send(_packed(question))
            program.read(deadline)
            program.close(wait=program.limit is None)
        finally:
            program.close()
    if program.limit == "time":
        raise overdue()
    if program.limit is not None:
        raise ScannerError(
            f"The scanner was stopped: it reached the {program.limit} limit.", "Make the module smaller."
        )
    if program.code != 0:
        last = program.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:200]
        raise ScannerError(f"The scanner died without an answer ({last or program.code}).", _RESTART)
    return _unpacked(bytes(program.stdout))


def _packed(question: Question) -> bytes:
    body = json.dumps({"areas": question}).encode()
    return struct.pack("!I", len(body)) + body


def _unpacked(data: bytes) -> Answer:
    with suppress(ValueError, TypeError):
        return dict(json.loads(data[4:]))
    raise ScannerError("The scanner's answer cannot be read.", _RESTART)


_RESTART = "Try again; if it stays so, see the log of `terrasmith scanner`, or make its environment anew."


def overdue() -> ScannerError:
    return ScannerError(
        "The scan was stopped: it reached the time limit.",
        "Make the module smaller, raise TERRASMITH_ENGINE_TIMEOUT_SECONDS, or try again when the machine is less busy.",
    )


def missing(settings: ScannerSettings) -> ScannerError:
    """Nobody here can scan."""
    if settings.python:
        return ScannerError(
            f"There is no Checkov: `{settings.python}` is not there.",
            "Let TERRASMITH_SCANNER name the Python of an environment that has Checkov.",
        )
    return ScannerError(
        "There is no Checkov on this machine, so nobody could scan the module.",
        "Make its environment with `terrasmith scanner install`, name the Python of one in TERRASMITH_SCANNER, or "
        "decide for yourself to publish unscanned with TERRASMITH_SCANNER=off.",
    )
