"""What hostile code must not reach: a secret in the environment and in a file, listeners, a place for marks."""

import base64
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

MODULES = Path(__file__).parent / "modules"


@dataclass
class Canary:
    """Everything that must stay as it was."""

    folder: Path
    secret: str
    tcp: socket.socket
    udp: socket.socket
    unix: socket.socket

    @property
    def marker(self) -> Path:
        return self.folder / "marker"

    @property
    def port(self) -> int:
        return int(self.tcp.getsockname()[1])

    def module(self, name: str) -> dict[str, bytes]:
        """A hostile module, aimed at this canary."""
        words = {
            "@MARKER@": str(self.marker),
            "@SECRET_FILE@": str(self.folder / "secret"),
            "@SECRET_FOLDER@": str(self.folder),
            "@PORT@": str(self.port),
            "@PARENT@": str(os.getpid()),
            "@PYTHON@": str(Path("/usr/bin/python3")),
            "@HOME@": str(Path.home()),
        }
        files = {}
        for path in sorted((MODULES / name).rglob("*.*")):
            if path.is_file():
                text = path.read_text()
                for word, value in words.items():
                    text = text.replace(word, value)
                files[path.relative_to(MODULES / name).as_posix()] = text.encode()
        return files

    def unharmed(self, *outputs: str) -> None:
        """Nobody rang, nothing was written, and the secret is in none of these texts, in no common disguise."""
        for listener in (self.tcp, self.udp, self.unix):
            listener.setblocking(False)
            try:
                listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()[0].close()
            except BlockingIOError:
                continue
            raise AssertionError(f"somebody reached {listener.getsockname()}")
        assert not self.marker.exists()
        assert sorted(path.name for path in self.folder.iterdir()) == ["secret", "socket"]
        assert (self.folder / "secret").read_text() == self.secret
        for text in outputs:
            assert self.secret not in text
            # base64 in each of its three positions
            assert not any(disguise in text for disguise in _disguises(self.secret))


def _disguises(secret: str) -> list[str]:
    return [base64.b64encode(b"x" * shift + secret.encode()).decode()[4:-4] for shift in range(3)]


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """Set everything up, and take it away."""
    secret = f"canary-{secrets.token_hex(12)}"
    folder.mkdir()
    (folder / "secret").write_text(secret)
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        unix.bind(str(folder / "socket"))
        unix.listen()
        yield Canary(folder, secret, tcp, udp, unix)


def left_over(root: Path) -> list[str]:
    """Processes that were started in this workspace and still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(root) in " ".join(process.environ().values()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
