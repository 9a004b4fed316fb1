"""The list of system calls that a confined program may make, as a filter program that the kernel runs on each call.

Runs in the launcher's child, like `landlock`. It closes what Landlock does not see: every socket but Unix streams, and
calls by which a process reaches others or a kernel's newest corners (io_uring, ptrace, bpf, keys, mounts, namespaces).
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Callable, Sequence

from gate.sandbox import syscalls

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = tuple(_AUDIT_ARCHITECTURES)
"""Where the filter is known to be right."""

# Classic BPF: load a word of the call's data; compare; end.
_LOAD, _EQUAL, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_KILL, _ALLOW, _ERROR, _NOTIFY = 0x80000000, 0x7FFF0000, 0x00050000, 0x7FC00000

_AF_UNIX, _SOCK_STREAM, _TYPE_MASK = 1, 1, 0xF
_NEW_NAMESPACES = 0x7E020000 | 0x80
_SIGURG = 23
# PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_VMA: about itself, and nothing that loosens.
_PRCTLS = (3, 15, 16, 23, 0x53564D41)
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: questions, and flags of its own descriptors.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)

_SET_MODE_FILTER = 1
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5

Instruction = tuple[int, int, int, int]


def machine() -> str:
    """The architecture of this process; empty where the filter is not known to be right."""
    if sys.platform != "linux":
        return ""
    name = os.uname().machine
    # A 32-bit interpreter on a 64-bit kernel makes other calls than the table holds.
    return name if name in _AUDIT_ARCHITECTURES and sys.maxsize > 1 << 32 else ""


def program(machine: str, *, sockets: bool, signals_scoped: bool) -> bytes:
    """The filter: `sockets` asks the launcher about each connection, without it there is none to be had.

    `signals_scoped` says that Landlock keeps signals inside, so that they need not be forbidden here.
    """
    lines: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT_ARCHITECTURES[machine]),
        _end(_KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    tables = (syscalls.FILES, syscalls.WAITING, syscalls.MEMORY, syscalls.PROCESS, syscalls.SOCKETS)
    for table in tables:
        for number in syscalls.numbers(table, machine).values():
            lines += _when(number, [_end(_ALLOW)])
    for number in syscalls.numbers(syscalls.PRETENDED, machine).values():
        lines += _when(number, [_end(_ERROR)])  # error number 0: success
    for number in syscalls.numbers(syscalls.REFUSED, machine).values():
        lines += _when(number, [_refuse(errno.EPERM)])
    rules = _rules(sockets=sockets, signals_scoped=signals_scoped)
    for name, number in syscalls.numbers(syscalls.RULED, machine).items():
        lines += _when(number, rules[name])
    lines.append(_refuse(errno.ENOSYS))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _rules(*, sockets: bool, signals_scoped: bool) -> dict[str, list[Instruction]]:
    """What each ruled call may do. A datagram socket could send to any socket by name, so there are streams only."""
    allow, refuse = [_end(_ALLOW)], [_refuse(errno.EPERM)]
    unix_stream = [
        *_argument(0),
        (_EQUAL, 1, 0, _AF_UNIX),
        _refuse(errno.EAFNOSUPPORT),
        *_argument(1),
        (_AND, 0, 0, _TYPE_MASK),
        (_EQUAL, 1, 0, _SOCK_STREAM),
        _refuse(errno.EPROTONOSUPPORT),
        _end(_ALLOW),
    ]
    signal = allow if signals_scoped else refuse
    return {
        "socket": unix_stream if sockets else [_refuse(errno.EAFNOSUPPORT)],
        "socketpair": unix_stream,
        "connect": [_end(_NOTIFY)] if sockets else [_refuse(errno.EACCES)],
        # Only without an address, that is, along a connection.
        "sendto": [*_argument(4), (_EQUAL, 0, 2, 0), *_argument(4, high=True), (_EQUAL, 1, 0, 0), *refuse, *allow],
        "clone": [*_argument(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), *refuse, *allow],
        "prctl": _one_of(0, _PRCTLS, errno.EINVAL),
        "ioctl": _one_of(1, _IOCTLS, errno.ENOTTY),
        "prlimit64": [*_argument(0), (_EQUAL, 1, 0, 0), *refuse, *allow],
        "kill": signal,
        "tkill": signal,
        "pidfd_send_signal": signal,
        # Go's scheduler wakes its own threads by this signal, which a process ignores that does not expect it.
        "tgkill": allow if signals_scoped else _one_of(2, (_SIGURG,), errno.EPERM),
    }


def _when(number: int, then: Sequence[Instruction]) -> list[Instruction]:
    """Jump over `then`, which must end the program, unless the call is this one. What follows reloads nothing."""
    return [(_EQUAL, 0, len(then), number), *then]


def _argument(index: int, *, high: bool = False) -> list[Instruction]:
    """Half of an argument; the kernel itself reads only the lower half of what it declares as an int."""
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * index + (4 if high else 0))]


def _one_of(index: int, values: Sequence[int], otherwise: int) -> list[Instruction]:
    lines = _argument(index)
    for value in values:
        lines += [(_EQUAL, 0, 1, value), _end(_ALLOW)]
    return [*lines, _refuse(otherwise)]


def _end(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _refuse(code: int) -> Instruction:
    return _end(_ERROR | code)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def install(filter_program: bytes, *, listener: bool) -> int:
    """Put this process, and all it will start, behind the filter. Needs no_new_privs; raises OSError when it cannot.

    With `listener`, the result is a descriptor on which the kernel asks about calls; else it is 0.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    call: Callable[..., int] = libc.syscall
    number = {"x86_64": 317, "aarch64": 277}[machine()]
    compiled = _Program(len(filter_program) // 8, filter_program)
    code = 0
    # Without the second flag (Linux 5.19), a signal may interrupt the question and the call is made again: harmless.
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER) if listener else (0,):
        result = call(number, _SET_MODE_FILTER, flags, ctypes.byref(compiled))
        if result >= 0:
            return int(result)
        code = ctypes.get_errno()
    raise OSError(code, f"seccomp: {os.strerror(code)}")
