"""A provider that is started once and serves many commands: how it is started, and how an engine is told of it.

It is the provider's own debug mode: the plugin prints an address that an engine attaches to instead of starting it.
"""

import json
import os
import platform
import re
import select
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from gate.confinement import Confinement
from gate.process import Limits, Supervised

_ATTACH = re.compile(rb"TF_REATTACH_PROVIDERS='(\{.*\})'")
_START_SECONDS = 60.0
_KEEP = 1 << 16
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ProviderStartError(Exception):
    """The provider did not come up, and its last words."""


def provider_program(mirror: Path | None, source: str, version: str) -> Path | None:
    """The provider's program in a mirror's unpacked layout, for this machine; None where there is none."""
    machine = _MACHINES.get(platform.machine().lower())
    if mirror is None or machine is None:
        return None
    folder = mirror.joinpath(*source.split("/"), version, f"{platform.system().lower()}_{machine}")
    name = source.rsplit("/", 1)[-1]
    try:
        found = sorted(path for path in folder.iterdir() if path.name.startswith(f"terraform-provider-{name}"))
    except OSError:
        return None
    return next((path for path in found if path.is_file() and os.access(path, os.X_OK)), None)


class RunningProvider:
    """One provider process below a directory of its own. Close it; closing ends all it started."""

    def __init__(
        self,
        source: str,
        argv: Sequence[str],
        place: Path,
        limits: Limits,
        *,
        contained: bool,
        readable: tuple[Path, ...] = (),
    ) -> None:
        self.source = source
        for name in ("home", "tmp"):
            (place / name).mkdir(parents=True)
        environment = {
            "PATH": str(place / "home"),
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),  # where its socket lies
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.listens = place / "tmp"
        confinement = Confinement(
            readable=(place, *readable),
            writable=(place / "home", self.listens),
            sockets=(self.listens,),
            required=contained,
        )
        self._process = Supervised(
            argv,
            environment=environment,
            directory=place / "home",
            limits=limits,
            confinement=confinement,
        )
        self._gone = threading.Event()
        self._stop, self._stopped = os.pipe()
        self._reader: threading.Thread | None = None
        try:
            self._address = self._await_address()
        except BaseException:
            self.close()
            raise
        self._reader = threading.Thread(target=self._read_on, name=f"provider {source}", daemon=True)
        self._reader.start()

    def _await_address(self) -> dict[str, Any]:
        process = self._process
        seen = process.read(time.monotonic() + _START_SECONDS, until=lambda: bool(_ATTACH.search(process.stdout)))
        match = _ATTACH.search(process.stdout)
        if not seen or match is None:
            last = bytes(process.stderr[-500:]).decode("utf-8", "replace").strip()
            raise ProviderStartError(f"{self.source} did not start in debug mode: {last or 'it said nothing'}")
        return dict(next(iter(json.loads(match.group(1)).values())))

    def _read_on(self) -> None:
        """Take what it logs, so that a full pipe cannot stop it; keep nothing of it."""
        streams = self._process.streams
        while streams:
            ready, _, _ = select.select([*streams, self._stop], [], [])
            if self._stop in ready:
                return
            for stream in ready:
                if not os.read(stream, _KEEP):
                    streams.remove(stream)
        self._gone.set()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._gone.is_set() and self._process.running

    def processes(self) -> list[psutil.Process]:
        """It, and what it started."""
        return self._process.processes()

    def attachment(self) -> dict[str, Any]:
        """What an engine must know to attach. The process id it watches is its own: this one it need not see."""
        return self._address | {"Pid": OWN_PID}

    def close(self) -> None:
        """End it."""
        os.write(self._stopped, b"x")
        if self._reader is not None:
            self._reader.join()
        self._process.close()
        os.close(self._stop)
        os.close(self._stopped)


OWN_PID = "@PID@"
"""Stands for the process id of whoever reads it; the launcher puts it in.

An engine asks every second whether the provider's process is alive, by a signal that no sandbox would let through, and
drops the connection when it is told that it is not. Its own process always is."""


def attach(providers: Iterable[RunningProvider], rename: Mapping[str, str]) -> str:
    """The value of TF_REATTACH_PROVIDERS; `rename` gives the source under which an engine looks for a provider."""
    found = {rename.get(one.source, one.source): one.attachment() for one in providers}
    return json.dumps(found).replace(f'"{OWN_PID}"', OWN_PID)
