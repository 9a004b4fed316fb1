"""Answers the kernel when a confined program wants to connect: only to Unix sockets below the folders it was given.

Landlock does not decide who may connect to a Unix socket by its file, and a database's, a container engine's or our own
would be in reach. So the filter stops each `connect`, and the launcher, which the program cannot touch, makes the
connection itself and puts it in place of the program's socket: what it checked is what it connected to.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Sequence

_RECEIVE, _ANSWER, _STILL_VALID, _PUT_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
# id, pid, flags, then the call: number, architecture, instruction, six arguments.
_QUESTION = struct.Struct("=QIIiIQ6Q")
_REPLY = struct.Struct("=QqiI")
_DESCRIPTOR = struct.Struct("=QIIII")
_AT_THIS_NUMBER = 1
_LONGEST_ADDRESS = 110
_CLOSE_ON_EXEC, _NON_BLOCKING = os.O_CLOEXEC, os.O_NONBLOCK


class Connections:
    """The folders whose sockets may be connected to, opened before the program could put anything in their place."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = []
        for folder in folders:
            with contextlib.suppress(OSError):
                self._folders.append((folder.rstrip("/"), os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)))

    def answer(self, listener: int) -> None:
        """Take one question from the listener and answer it."""
        question = bytearray(_QUESTION.size)  # the kernel wants it zeroed
        try:
            fcntl.ioctl(listener, _RECEIVE, question)
        except OSError:
            return  # who asked has gone, or was called away
        number, process, _, _, _, _, descriptor, address, length, *_ = _QUESTION.unpack(question)
        try:
            self._connect(listener, number, process, descriptor & 0xFFFFFFFF, address, length & 0xFFFFFFFF)
            code = 0
        except OSError as error:
            code = error.errno or errno.EACCES
        with contextlib.suppress(OSError):
            fcntl.ioctl(listener, _ANSWER, _REPLY.pack(number, 0, -code, 0))

    def _connect(self, listener: int, number: int, process: int, descriptor: int, address: int, length: int) -> None:
        wanted = _read_memory(process, address, min(length, _LONGEST_ADDRESS))
        flags = _flags_of(process, descriptor)
        # Both were read of a number that may belong to another process by now, unless the question still stands.
        fcntl.ioctl(listener, _STILL_VALID, struct.pack("=Q", number))
        place = self._find(wanted)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
            try:
                ours.setblocking(False)
                ours.connect(f"/proc/self/fd/{place}")
            finally:
                os.close(place)
            ours.setblocking(not flags & _NON_BLOCKING)
            order = _DESCRIPTOR.pack(number, _AT_THIS_NUMBER, ours.fileno(), descriptor, flags & _CLOSE_ON_EXEC)
            fcntl.ioctl(listener, _PUT_DESCRIPTOR, order)

    def _find(self, address: bytes) -> int:
        """A handle on the socket that an address names; no link is followed, and no way leads up."""
        family = int.from_bytes(address[:2], "little")
        path = os.fsdecode(address[2:].split(b"\0", 1)[0])
        for folder, handle in self._folders:
            if family == socket.AF_UNIX and path.startswith(folder + "/"):
                return _walk(handle, path[len(folder) + 1 :].split("/"))
        raise OSError(errno.EACCES, "not a socket that this program may reach")


def _walk(folder: int, names: Sequence[str]) -> int:
    if not set(names).isdisjoint({"", ".", ".."}):
        raise OSError(errno.EACCES, "not a plain path")
    handle = os.dup(folder)
    for position, name in enumerate(names):
        kind = 0 if position == len(names) - 1 else os.O_DIRECTORY
        try:
            below = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=handle)
        finally:
            os.close(handle)
        handle = below
    if not stat.S_ISSOCK(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.ECONNREFUSED, "not a socket")
    return handle


def _read_memory(process: int, address: int, length: int) -> bytes:
    memory = os.open(f"/proc/{process}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(memory, length, address)
    finally:
        os.close(memory)


def _flags_of(process: int, descriptor: int) -> int:
    file = os.open(f"/proc/{process}/fdinfo/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        lines = os.read(file, 4096).splitlines()
    finally:
        os.close(file)
    return next((int(line.split()[1], 8) for line in lines if line.startswith(b"flags:")), 0)
