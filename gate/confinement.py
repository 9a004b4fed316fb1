"""What a program may touch, as a value. The gate says it, the launcher enforces it; everything not named is shut."""

import sys
from dataclasses import dataclass
from pathlib import Path

SYSTEM = tuple(
    Path(path)
    for path in (
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/share/locale",
        "/usr/share/zoneinfo",
        "/etc/ld.so.cache",
        "/etc/ld-musl-x86_64.path",
        "/etc/ld-musl-aarch64.path",
        "/dev/urandom",
        "/dev/zero",
        "/sys/devices/system/cpu",
        "/sys/kernel/mm/transparent_hugepage",
    )
)
"""What a dynamically linked program or a Go runtime looks for, the same on every machine of its kind; no settings."""

_LOADERS = tuple(
    Path(path)
    for path in (
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/ld-linux-aarch64.so.1",
        "/lib/ld-musl-x86_64.so.1",
        "/lib/ld-musl-aarch64.so.1",
    )
)


@dataclass(frozen=True)
class Confinement:
    """A folder stands for all that is below it, a path that does not exist for nothing. The default allows nothing.

    Whatever is confined may always read the system's libraries, run the program it was started as, use `/dev/null` and
    talk through pipes. It never has a network, another process, `/proc`, or the caller's environment.
    """

    readable: tuple[Path, ...] = ()
    executable: tuple[Path, ...] = ()
    """May be read and started as programs."""
    writable: tuple[Path, ...] = ()
    """May be read, written, and changed in every way, but not started as programs."""
    sockets: tuple[Path, ...] = ()
    """Folders whose Unix sockets may be connected to. With none, the program gets no socket but connected pairs."""
    required: bool = True
    """Refuse to start where the kernel cannot enforce it. False is for trusted code: as much as this kernel can."""
    namespaces: bool = True
    """Around it, where this machine can have them and `required` is set: also what cannot be opened is not seen."""
    landlock: int = 1 << 30
    """At most this version of Landlock: a test sees what an older kernel would do."""

    def to_order(self, program: str) -> dict[str, object]:
        """What the launcher reads; plain, because it runs without anything of ours."""
        return {
            "readable": [str(path) for path in (*SYSTEM, *self.readable)],
            "executable": [program, *(str(path) for path in (*_LOADERS, *self.executable))],
            "writable": [str(path) for path in self.writable],
            "sockets": [str(path) for path in self.sockets],
            "required": self.required,
            "landlock": self.landlock,
        }


def python_files() -> tuple[Path, ...]:
    """What this interpreter reads when it runs: its standard library and installed packages. To be `readable`."""
    places = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    # A prefix such as /usr holds far more than Python.
    return tuple(
        sorted(
            {
                *(place / "lib" for place in places),
                *(place / "lib64" for place in places),
                *(place / "pyvenv.cfg" for place in places),
                Path(sys.executable),
                Path(sys.executable).resolve(),
            }
        )
    )
