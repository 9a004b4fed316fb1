"""The filter as a program: run here by a small interpreter, so that both architectures are looked at on any machine."""

import errno
import re
import struct
from pathlib import Path

import pytest

from gate.sandbox import seccomp, syscalls

HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"#define __NR_(\w+) (\d+)"),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"), r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
}
TABLES = ("FILES", "WAITING", "MEMORY", "PROCESS", "SOCKETS", "RULED", "REFUSED", "PRETENDED")
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, SUCCESS, ASKED, KILLED = 0x7FFF0000, 0x00050000, 0x7FC00000, 0x80000000


def refused(code: int) -> int:
    return 0x00050000 | code


class Filter:
    """Runs a program as the kernel does."""

    def __init__(self, machine: str, *, sockets: bool = True, scoped: bool = True) -> None:
        program = seccomp.program(machine, sockets=sockets, signals_scoped=scoped)
        self.lines = list(struct.iter_unpack("=HBBI", program))
        self.machine = machine
        self.numbers = {name: number for table in TABLES for name, number in self.table(table).items()}

    def table(self, name: str) -> dict[str, int]:
        return syscalls.numbers(getattr(syscalls, name), self.machine)

    def __call__(self, call: str | int, *arguments: int, architecture: int | None = None) -> int:
        number = self.numbers[call] if isinstance(call, str) else call
        words = (*arguments, *(0,) * (6 - len(arguments)))
        data = struct.pack("=iIQ6Q", number, architecture or ARCHITECTURE[self.machine], 0, *words)
        accumulator = position = 0
        while True:
            code, yes, no, value = self.lines[position]
            position += 1
            if code == 0x06:
                return int(value)
            if code == 0x20:
                accumulator = struct.unpack_from("=I", data, value)[0]
            elif code == 0x54:
                accumulator &= value
            else:
                holds = accumulator == value if code == 0x15 else bool(accumulator & value)
                position += yes if holds else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_sockets_are_unix_streams_and_connections_are_asked_for(machine: str) -> None:
    call = Filter(machine)
    stream, datagram, flags = 1, 2, 0o2004000
    assert call("socket", 1, stream | flags) == ALLOWED
    assert call("socket", 1, datagram) == refused(errno.EPROTONOSUPPORT)
    for family in (2, 10, 16, 17, 38, 40):  # IPv4, IPv6, netlink, packets, kernel crypto, virtual machines
        assert call("socket", family, stream) == refused(errno.EAFNOSUPPORT)
    assert call("socketpair", 1, datagram) == refused(errno.EPROTONOSUPPORT)
    assert call("connect", 3, 4096, 110) == ASKED
    assert call("sendto", 3, 4096, 1, 0, 0, 0) == ALLOWED
    assert call("sendto", 3, 4096, 1, 0, 4096, 110) == refused(errno.EPERM)
    assert call("sendto", 3, 4096, 1, 0, 1 << 32, 110) == refused(errno.EPERM)


def test_without_folders_for_sockets_there_are_none(machine: str) -> None:
    call = Filter(machine, sockets=False)
    assert call("socket", 1, 1) == refused(errno.EAFNOSUPPORT)
    assert call("connect", 3, 4096, 110) == refused(errno.EACCES)
    assert call("socketpair", 1, 1) == ALLOWED


def test_what_reaches_others_depends_on_its_arguments(machine: str) -> None:
    call = Filter(machine)
    threads = 0x50F00
    assert call("clone", threads) == ALLOWED
    for namespace in (0x10000000, 0x20000000, 0x40000000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x80):
        assert call("clone", threads | namespace) == refused(errno.EPERM)
    assert call("prlimit64", 0, 7) == ALLOWED
    assert call("prlimit64", 1, 7) == refused(errno.EPERM)
    assert call("ioctl", 0, 0x5401) == ALLOWED
    assert call("ioctl", 0, 0x5412) == refused(errno.ENOTTY)  # TIOCSTI: typing into a terminal
    assert call("prctl", 15) == ALLOWED
    assert call("prctl", 1, 0) == refused(errno.EINVAL)  # PR_SET_PDEATHSIG: outliving the launcher
    for name in syscalls.numbers(syscalls.PRETENDED, machine):
        assert call(name) == SUCCESS


def test_signals_are_free_only_where_landlock_keeps_them_inside(machine: str) -> None:
    for name in ("kill", "tkill", "tgkill", "pidfd_send_signal"):
        assert Filter(machine)(name, 1, 1, 9) == ALLOWED
        assert Filter(machine, scoped=False)(name, 1, 1, 9) == refused(errno.EPERM)
    assert Filter(machine, scoped=False)("tgkill", 1, 1, 23) == ALLOWED  # SIGURG, by which Go wakes its threads


def test_what_is_not_listed_is_unknown_and_other_architectures_die(machine: str) -> None:
    call = Filter(machine)
    forbidden = {
        "x86_64": {"ptrace": 101, "unshare": 272, "mount": 165, "keyctl": 250, "bpf": 321, "memfd_create": 319},
        "aarch64": {"ptrace": 117, "unshare": 97, "mount": 40, "keyctl": 219, "bpf": 280, "memfd_create": 279},
    }[machine]
    shared = {"io_uring_setup": 425, "clone3": 435, "pidfd_getfd": 438, "landlock_restrict_self": 446, "a new one": 999}
    for number in (forbidden | shared).values():
        assert call(number) == refused(errno.ENOSYS)
    assert call(0x40000000 | call.numbers["read"]) == refused(errno.ENOSYS)  # the x32 calls of x86_64
    assert call("read", architecture=0x40000003) == KILLED  # 32-bit calls
    assert all(call(number) == ALLOWED for table in TABLES[:5] for number in call.table(table).values())


def test_no_call_stands_twice_and_the_numbers_are_the_kernels(machine: str) -> None:
    listed: list[tuple[str, int]] = [pair for table in TABLES for pair in Filter(machine).table(table).items()]
    assert len(dict(listed)) == len({number for _, number in listed}) == len(listed)
    header, pattern = HEADERS[machine]
    if header.exists():  # the table is a copy; where the original is at hand, they are compared
        real = {name: int(number) for name, number in re.findall(pattern, header.read_text())}
        real |= {"newfstatat": 262 if machine == "x86_64" else 79, "fchmodat2": 452}
        differing = {name: number for name, number in listed if real.get(name, number) != number}
        assert differing == {}
