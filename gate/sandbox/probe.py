"""Finds out what this machine really contains: starts a program in the sandbox and has it try what must not work."""

import functools
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from gate.confinement import Confinement, python_files
from gate.namespaces import bubblewrap
from gate.process import Completed, Limits, run
from gate.sandbox import landlock, seccomp
from gate.sandbox.levels import REQUIRED, Level, SandboxSetting, enough
from gate.workspace import Workspace, open_workspace, short_parent

_SCRIPT = Path(__file__).with_name("attempts.py")
_SECONDS = 30.0

_LANDLOCK, _SECCOMP, _LAUNCHER, _NAMESPACES = "Landlock", "seccomp", "launcher", "namespaces"

FORBIDDEN = {
    "read": ("read a file outside its folder", _LANDLOCK),
    "passwd": ("read /etc/passwd", _LANDLOCK),
    "list": ("list a folder outside its own", _LANDLOCK),
    "write": ("write a file outside its folder", _LANDLOCK),
    "mode": ("change the mode of a file outside", _SECCOMP),
    "execute": ("start a program of the system", _LANDLOCK),
    "own-program": ("start a program it wrote itself", _LANDLOCK),
    "environment": ("read /proc/self/environ", _LANDLOCK),
    "proc": ("read another process in /proc", _LANDLOCK),
    "tcp": ("connect over TCP to this machine", _SECCOMP),
    "udp": ("send a datagram, as DNS does", _SECCOMP),
    "unix": ("connect to a Unix socket outside", _LAUNCHER),
    "abstract": ("connect to an abstract Unix socket", _LAUNCHER),
    "signal": ("signal another process", _LANDLOCK),
    "ptrace": ("trace another process", _SECCOMP),
    "namespace": ("make a user namespace", _SECCOMP),
    "mount": ("mount", _SECCOMP),
    "io_uring": ("set up io_uring", _SECCOMP),
    "bpf": ("load BPF", _SECCOMP),
    "keyctl": ("use the kernel's keys", _SECCOMP),
    "perf": ("watch by perf events", _SECCOMP),
    "userfaultfd": ("handle page faults", _SECCOMP),
    "memfd": ("make a file without a name", _SECCOMP),
}
"""What is tried, and what stops it where the sandbox is whole."""
ALLOWED = {
    "own-file": "write in its own folder",
    "own-thread": "start a thread",
    "own-child": "have a child",
    "own-socket": "talk over its own Unix socket, as providers do",
}


@dataclass(frozen=True)
class Attempt:
    """One act that must not work, or one that must."""

    title: str
    wanted: bool
    """Whether the sandbox does with it what it shall."""
    answer: str
    """What the kernel said; empty when it let it happen."""
    by: str = ""
    """What stops it here, or would."""


@dataclass(frozen=True)
class Probe:
    """What was tried and what came of it."""

    level: Level
    landlock: int
    """The version that the kernel speaks, 0 for none."""
    attempts: tuple[Attempt, ...]
    reason: str = ""
    """Why the level is below what strangers' code needs, and what to do."""


@functools.cache
def probe() -> Probe:
    """The level that really holds on this machine; tried once in the life of a process."""
    return try_everything(Confinement())


def demand(setting: SandboxSetting) -> Probe:
    """What whoever runs strangers' code asks before it takes any; UserError where it is not contained (T-32)."""
    found = probe()
    if not enough(setting, found.level):
        raise UserError(
            f"Code of strangers would run here, and this machine contains it to level {found.level} only; {REQUIRED} is"
            f" required. {found.reason} `terrasmith sandbox` tells more. If everyone who can ask is trusted with this"
            " machine, set TERRASMITH_SANDBOX=trusted-local."
        )
    return found


def must_hold(setting: SandboxSetting) -> bool:
    """Whether nothing may start unless the kernel contains it: where that is demanded, and wherever it can be had.

    So what runs under `trusted-local` is contained as the probe says and the report names, or does not start; that one
    run of it was less contained, and nobody knew, is not possible.
    """
    return setting == "require" or enough("require", probe().level)


def warning(setting: SandboxSetting) -> str:
    """What must be said, once and loudly, where code runs that is not contained; empty where it is, or none runs."""
    found = probe()
    if setting == "require" or enough("require", found.level):
        return ""
    return (
        f"TERRASMITH_SANDBOX=trusted-local, and this machine contains code to level {found.level} only: what a module"
        f" runs can read this user's files and reach the network. {found.reason}"
    )


def try_everything(limits: Confinement) -> Probe:
    """Probe with a confinement's `required`, `namespaces` and `landlock`, not its paths."""
    version = min(landlock.version(), limits.landlock)
    with open_workspace({}, None) as workspace, _outside() as outside:
        done = _attempt(workspace, outside, limits)
    if done.code != 0:
        return Probe("L1", version, (), _why(version, done))
    told = json.loads(done.stdout)
    attempts = [
        Attempt(title, bool(told["answers"][name]), told["answers"][name], by)
        for name, (title, by) in FORBIDDEN.items()
    ]
    foreign = sorted(set(told["variables"]) - set(workspace.environment) - {"LC_CTYPE"})
    attempts.append(Attempt("see the caller's environment", not foreign, "" if foreign else "empty", _LAUNCHER))
    attempts += [Attempt(title, not told["answers"][name], told["answers"][name]) for name, title in ALLOWED.items()]
    failed = [attempt.title for attempt in attempts if not attempt.wanted]
    if failed:
        return Probe("L1", version, tuple(attempts), _complaint(failed))
    hidden = told["answers"]["exists"]
    attempts.append(Attempt("learn whether a file outside exists", True, hidden, _NAMESPACES))
    wrapped = limits.required and limits.namespaces and bubblewrap() is not None
    return Probe("L3" if wrapped and hidden else REQUIRED, version, tuple(attempts))


def _attempt(workspace: Workspace, outside: dict[str, object], limits: Confinement) -> Completed:
    return run(
        [sys.executable, "-I", "-S", str(_SCRIPT), json.dumps(outside | {"own": str(workspace.root / "tmp" / "own")})],
        environment=workspace.environment,
        directory=workspace.work,
        limits=Limits(),
        deadline=time.monotonic() + _SECONDS,
        confinement=Confinement(
            readable=(*python_files(), _SCRIPT),
            writable=(workspace.work, workspace.root / "tmp"),
            sockets=(workspace.root / "tmp",),
            required=limits.required,
            landlock=limits.landlock,
            namespaces=limits.namespaces,
        ),
    )


@contextmanager
def _outside() -> Iterator[dict[str, object]]:
    """What a contained program must not reach, all of it real and of no worth."""
    with (
        tempfile.TemporaryDirectory(prefix="terrasmith-probe-", dir=short_parent()) as folder,
        socket.socket() as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as named,
    ):
        (Path(folder) / "secret").write_bytes(b"canary")
        for listener in (tcp, udp):
            listener.bind(("127.0.0.1", 0))
        named.bind(f"{folder}/socket")
        for listener in (tcp, named):
            listener.listen()
        with _abstract_listener() as name:
            ports = {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}
            yield {"folder": str(Path(folder).resolve()), "abstract": name, **ports}


@contextmanager
def _abstract_listener() -> Iterator[str]:
    name = f"terrasmith-probe-{os.getpid()}-{os.urandom(4).hex()}"
    if sys.platform != "linux":
        yield name
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        yield name


def _why(version: int, done: Completed) -> str:
    if sys.platform != "linux":
        return "Only Linux contains strangers' code (Landlock and seccomp): run the workers there, or in a container."
    if not seccomp.machine():
        return f"The filter of system calls is known for {' and '.join(seccomp.MACHINES)} only."
    if version == 0:
        return (
            "This kernel has no Landlock: it needs Linux 5.13 or newer with `landlock` among the security modules"
            " (`/sys/kernel/security/lsm`, the boot option `lsm=`), and a container runtime that lets it through."
        )
    return f"The sandbox did not start: {done.stderr.strip() or done.limit or 'no answer'}"


def _complaint(failed: list[str]) -> str:
    return f"The sandbox does not do what it must: {', '.join(failed)}."
