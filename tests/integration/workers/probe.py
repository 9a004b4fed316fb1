"""A relay or a worker of the real engine, with probe jobs in the table; each runs in a process forked off a warm one.

Each probe writes to a ledger file from outside the database, and its effect as an audit row under its claim.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from accounts import audit
from accounts.permissions import Permission
from core import log
from core.settings import load
from workers import jobs as table
from workers import schedule
from workers.context import JobContext
from workers.jobs import JobKind
from workers.queues import QUICK
from workers.relay import Relay
from workers.worker import HorseWorker, run


def note(text: str) -> None:
    """One line, appended at once."""
    with Path(os.environ["PROBE_LEDGER"]).open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


def probe(ctx: JobContext, *, name: str, seconds: float = 0.0) -> None:
    """Start, wait, take effect once."""
    note(f"start {name} {os.getpid()} {os.getppid()} {ctx.claim.attempt}")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        with ctx.write() as session:
            audit.record(session, "system", "probe", name, {})
    except Exception as error:
        note(f"fenced {name} {type(error).__name__}")
        raise
    note(f"end {name}")


def poison(_ctx: JobContext, *, name: str) -> None:
    """Kill the horse, every time."""
    note(f"start {name}")
    os.kill(os.getpid(), signal.SIGKILL)


class TrappedWorker(HorseWorker):
    """Dies or forgets its tie where the trap says."""

    def execute_job(self, job: object, queue: object) -> None:
        if os.environ["PROBE_TRAP"] == "after_dequeue":
            note("killed after dequeue")
            os.kill(os.getpid(), signal.SIGKILL)
        super().execute_job(job, queue)

    def setup_work_horse_signals(self) -> None:
        if os.environ["PROBE_TRAP"] == "untied":
            return  # a platform without prctl, and a parent watch that never came to run
        super().setup_work_horse_signals()


def play(role: str, environment: Mapping[str, str], log_path: str) -> None:
    """What the process does, from its environment to its end. Only it knows the probe jobs, and no schedule."""
    table.JOBS["probe"] = JobKind(probe, QUICK, Permission.SYSTEM)
    table.JOBS["poison"] = JobKind(poison, QUICK, Permission.SYSTEM)
    schedule.SCHEDULE = ()
    os.environ.clear()
    os.environ.update(environment)
    stream = os.open(log_path, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(stream, standard)
    settings = load("worker")
    log.configure(settings, f"probe-{role}")
    if role == "relay":
        Relay(settings).run()
    else:
        sys.exit(run(settings, role, worker_class=TrappedWorker))
