"""The processes between us and an engine: they confine it, start it, and outlive it just long enough to end its tree.

Runs as a bare script (`python -I -S launch.py JSON`): the standard library, and the few files of `gate.sandbox` that
need nothing else. The launcher holds one end of a socket: when the other end closes, for whatever reason, everything
below is killed. It is a subreaper, so a child that detaches itself twice still falls back to it. Above it waits its
guardian, to which the tree falls when the launcher is killed; and a guardian that is killed takes the launcher along.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, NoReturn

# A bare script does not know where it belongs. At the end of the path, nothing of ours can hide a standard module.
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - pathlib is slow

from gate.sandbox import landlock, seccomp
from gate.sandbox.connections import Connections

Order = dict[str, Any]

_ATTACHED = "TF_REATTACH_PROVIDERS"
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITIES_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def main() -> None:
    """Start the command, wait for it or for the lifeline, clean up, tell how it ended."""
    order: Order = json.loads(sys.argv[1])
    guardian = _guarded()
    lifeline = socket.socket(fileno=order["lifeline"])
    lifeline.set_inheritable(False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    connections = Connections(order["sockets"])
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _become(order, theirs)
    theirs.close()
    _introduce(lifeline, child)
    with ours:
        listeners = socket.recv_fds(ours, 1, 1)[1]
    status = _wait(child, (lifeline.fileno(), guardian), wake_read, connections, listeners)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _end_everything()
    with contextlib.suppress(OSError):
        lifeline.sendall(json.dumps(_account(status)).encode() + b"\n")


def _guarded() -> int:
    """Returns in the launcher, a child of this process, which stays behind as its guardian.

    The result becomes readable when the guardian dies.
    """
    above, ours = os.pipe()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    launcher = os.fork()
    if launcher == 0:
        os.close(ours)
        return above
    # Whoever reads the program's output, or talks to it, must not wait for its guardian.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.dup2(ours, 3)
    os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    while _collect(launcher) is None:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    _end_everything()
    os._exit(0)


def _introduce(lifeline: socket.socket, child: int) -> None:
    """Hand over what tells of the launcher and of the program, wherever their numbers mean something."""
    if not hasattr(os, "pidfd_open"):
        return
    with contextlib.suppress(OSError):
        handles = [os.pidfd_open(os.getpid()), os.pidfd_open(child)]
        socket.send_fds(lifeline, [b"started\n"], handles)
        for handle in handles:
            os.close(handle)


def confine(order: Order) -> int:
    """What the child may not do, set in the child before it becomes the program.

    Gives the descriptor on which the kernel asks about connections, or 0.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for limit, value in (
        (resource.RLIMIT_AS, order["memory"]),
        (resource.RLIMIT_CPU, order["cpu"]),
        (resource.RLIMIT_FSIZE, order["file"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
        (resource.RLIMIT_NPROC, order["processes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        ceiling = resource.getrlimit(limit)[1]
        soft = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        # A program may catch SIGXCPU; ten seconds later the kernel kills it.
        hard = soft + 10 if limit == resource.RLIMIT_CPU and ceiling == resource.RLIM_INFINITY else soft
        # macOS knows no limit of the address space; the wall limit still holds there.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (soft, hard))
    _drop_capabilities()
    version = min(landlock.version(), order["landlock"])
    machine = seccomp.machine()
    if order["required"] and not (version and machine):
        raise OSError("this kernel has no Landlock, or the machine is neither x86_64 nor aarch64")
    try:
        if version:
            paths = {name: order[name] for name in ("readable", "executable", "writable")}
            landlock.restrict(**paths, version=version)
        if machine:
            scoped = version >= landlock.SCOPE_SINCE
            rules = seccomp.program(machine, sockets=bool(order["sockets"]), signals_scoped=scoped)
            return seccomp.install(rules, listener=bool(order["sockets"]))
    except OSError:
        if order["required"]:
            raise
    return 0


def _become(order: Order, launcher: socket.socket) -> NoReturn:
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        # Python ignores the last two, and what is ignored stays ignored after exec.
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        listener = confine(order)
        if listener:
            socket.send_fds(launcher, [b"?"], [listener])
        # An engine watches the process of the provider it attaches to. The one it can always see is its own.
        attached = os.environ.get(_ATTACHED)  # noqa: TID251 - a bare script, whose environment was made for the program
        if attached is not None:
            os.environ[_ATTACHED] = attached.replace("@PID@", str(os.getpid()))  # noqa: TID251
        for name in order["forget"]:
            os.environ.pop(name, None)  # noqa: TID251
        os.execv(order["argv"][0], order["argv"])  # noqa: S606 - no shell is the point
    except BaseException as error:  # noqa: BLE001 - a forked child must never return into our code
        os.write(2, f"cannot start {order['argv'][0]}: {error}\n".encode())
    os._exit(126)


def _wait(child: int, ties: tuple[int, ...], wake: int, connections: Connections, listeners: list[int]) -> int | None:
    """The child's wait status, or None when one of the ties to those above was cut first."""
    poll = select.poll()
    for descriptor in (*ties, wake, *listeners):
        poll.register(descriptor, select.POLLIN)
    while True:
        try:
            if (status := _collect(child)) is not None:
                return status
        except ChildProcessError:
            return None
        for descriptor, event in poll.poll():
            if descriptor in ties:
                return None
            if descriptor == wake:
                os.read(wake, 4096)
            elif event & select.POLLIN:
                connections.answer(descriptor)
            else:
                poll.unregister(descriptor)  # nobody is left to ask


def _collect(child: int) -> int | None:
    """Bury everybody who has ended; the child's status when it was among them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return status
        if pid == 0:
            return None


def _end_everything() -> None:
    while True:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        listing = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
    except OSError:
        return []
    try:
        return [int(pid) for pid in os.read(listing, 1 << 16).split()]
    finally:
        os.close(listing)


def _account(status: int | None) -> dict[str, int | float | None]:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = os.waitstatus_to_exitcode(status) if status is not None else None
    return {"code": code, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}


def _drop_capabilities() -> None:
    """Root without its powers; nobody else has any. What cannot be dropped was not there."""
    if sys.platform != "linux":
        return
    for capability in range(_LAST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, capability)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
    ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)())


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
