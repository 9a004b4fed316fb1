"""How a worker and the engine role speak: a JSON head and raw file contents, each with its length before it.

Reads no more than it was told to expect, and refuses a file name that would lead out of the place it is meant for.
"""

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from tfmodule.files import UnsafePathError, check_path

_LENGTHS = struct.Struct(">II")
_MAX_HEAD = 32 << 20  # what a command may print, twice over
_MAX_BODY = 256 << 20
_MAX_SOCKET_PATH = 100
PLACES = ("work", "modules")
"""The parts of a workspace that are sent: the module itself, and the modules of our registry that it calls."""


class WireError(Exception):
    """The other side left, or does not speak this language."""


def fits_socket(path: str) -> bool:
    """Whether the kernel takes the path as a socket's name."""
    return len(path.encode()) <= _MAX_SOCKET_PATH


def send(connection: socket.socket, head: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> None:
    """One message. WireError when nobody is there."""
    contents = files or {}
    listing = [[path, len(data)] for path, data in contents.items()]
    encoded = json.dumps({**head, "files": listing}).encode()
    body = b"".join(contents.values())
    try:
        connection.sendall(_LENGTHS.pack(len(encoded), len(body)) + encoded + body)
    except OSError as error:
        raise WireError(str(error)) from error


def receive(connection: socket.socket) -> tuple[dict[str, Any], dict[str, bytes]]:
    """One message: its head and its files. WireError when none comes, or not a whole and sound one."""
    head_length, body_length = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size))
    if head_length > _MAX_HEAD or body_length > _MAX_BODY:
        raise WireError("the message is too long")
    try:
        head = json.loads(_exactly(connection, head_length))
        listing = [(str(path), int(size)) for path, size in head.pop("files")]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WireError("the message cannot be read") from error
    body = _exactly(connection, body_length)
    if any(size < 0 for _, size in listing) or sum(size for _, size in listing) != body_length:
        raise WireError("the message's files do not add up")
    files, start = {}, 0
    for path, size in listing:
        check(path)
        files[path] = body[start : start + size]
        start += size
    return head, files


def check(path: str) -> None:
    """Accept `work/…` and `modules/…` only, with nothing in it that leads elsewhere."""
    place, _, rest = path.partition("/")
    try:
        check_path(rest)
    except UnsafePathError as error:
        raise WireError(error.message) from error
    if place not in PLACES:
        raise WireError("the file belongs nowhere")


def _exactly(connection: socket.socket, count: int) -> bytes:
    pieces, missing = [], count
    while missing:
        try:
            piece = connection.recv(min(missing, 1 << 20))
        except OSError as error:
            raise WireError(str(error)) from error
        if not piece:
            raise WireError("the other side left")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
