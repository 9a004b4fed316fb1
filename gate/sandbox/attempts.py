"""Tries what a sandbox must forbid, and what it must allow, and prints what the kernel answered to each.

Runs as a bare script inside the sandbox (`python -I -S attempts.py JSON`), so it imports nothing of ours. Every attempt
is harmless where it is not stopped: what it reads and reaches was put there for it, by `gate.sandbox.probe`.
"""

import ctypes
import errno
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

# x86_64, aarch64: calls that are refused whatever their arguments; those given here would do nothing.
_CALLS = {
    "io_uring": (425, 425),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "perf": (298, 241),
    "userfaultfd": (323, 282),
    "memfd": (319, 279),
}
_UNSHARE, _MOUNT, _PTRACE = (272, 97), (165, 40), (101, 117)
_CLONE_NEWUSER, _PTRACE_SEIZE, _MS_BIND = 0x10000000, 0x4206, 4096
_ARM = os.uname().machine == "aarch64"


def main() -> None:
    """Make each attempt; an empty answer means that nothing stopped it."""
    outside = json.loads(sys.argv[1])
    launcher = os.getppid()
    folder = Path(outside["folder"])
    forbidden: dict[str, Callable[[], object]] = {
        "read": (folder / "secret").read_bytes,
        "exists": (folder / "secret").stat,
        "passwd": Path("/etc/passwd").read_bytes,
        "list": lambda: os.listdir(folder),  # noqa: PTH208 - the call itself is what is tried
        "write": lambda: (folder / "written").write_bytes(b"x"),
        "mode": lambda: _changed_mode(folder / "secret"),
        "execute": lambda: os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", ":"], {}), 0),
        "own-program": lambda: _run_what_it_wrote(Path("program")),
        "environment": Path("/proc/self/environ").read_bytes,
        "proc": Path(f"/proc/{launcher}/environ").read_bytes,
        "tcp": lambda: socket.create_connection(("127.0.0.1", outside["tcp"]), 1).close(),
        "udp": lambda: _send_datagram(outside["udp"]),
        "unix": lambda: _connect(str(folder / "socket")),
        "abstract": lambda: _connect("\0" + outside["abstract"]),
        "signal": lambda: os.kill(launcher, 0),
        "ptrace": lambda: _call(_PTRACE, _PTRACE_SEIZE, launcher, 0, 0),
        "namespace": lambda: _call(_UNSHARE, _CLONE_NEWUSER),
        "mount": lambda: _call(_MOUNT, b"/", b"work", 0, _MS_BIND, 0),
        **{name: partial(_call, numbers, 0, 0, 0, 0, 0) for name, numbers in _CALLS.items()},
    }
    allowed: dict[str, Callable[[], object]] = {
        "own-file": lambda: Path("own").write_bytes(b"x"),
        "own-thread": lambda: threading.Thread(target=lambda: None).start(),
        "own-child": _have_a_child,
        "own-socket": lambda: _talk_to_itself(outside["own"]),
    }
    answers = {name: _answer(attempt) for name, attempt in (forbidden | allowed).items()}
    variables = sorted(os.environ)  # noqa: TID251 - what reaches the program is what is asked here
    json.dump({"answers": answers, "variables": variables}, sys.stdout)


def _answer(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return ""


def _call(numbers: tuple[int, int], *arguments: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    if libc.syscall(ctypes.c_long(numbers[_ARM]), *words) < 0:
        code = ctypes.get_errno()
        # Any other complaint is about the arguments, and comes from a call that was let through.
        if code in (errno.ENOSYS, errno.EPERM, errno.EACCES):
            raise OSError(code, os.strerror(code))


def _changed_mode(path: Path) -> None:
    before = path.stat().st_mode
    path.chmod(0o777)
    if path.stat().st_mode == before:  # the filter says yes and changes nothing
        raise OSError(errno.EPERM, "unchanged")


def _run_what_it_wrote(path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755), "wb") as file:
        file.write(b"#!/bin/sh\n")
    os.waitpid(os.posix_spawn(path, [str(path)], {}), 0)


def _send_datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", port))


def _connect(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(name)


def _have_a_child() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _talk_to_itself(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(name)
        server.listen()
        client.connect(name)
        accepted = server.accept()[0]
        with accepted:
            client.sendall(b"x")
            if accepted.recv(1) != b"x":
                raise OSError(errno.EPIPE, "nothing came through")


if __name__ == "__main__":
    main()
