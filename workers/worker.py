"""The process `terrasmith worker QUEUE`: an RQ worker for one queue, whose horses die with it.

One queue per process, since RQ moves a job safely off a single queue only (F-01). Heavy imports happen here, before the
fork; connections are made after it. Whoever can write to Redis can make a worker look at a row, and nothing else: no
name that comes from there is ever imported.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.orm import configure_mappers

from bot.github.transport import trusted_authorities
from core import jobs, log
from core.db import Database
from core.errors import UserError
from core.redis import connect
from core.settings import Settings
from gate.sandbox.probe import Probe, demand, probe, warning
from gate.workspace import sweep_workspaces
from registry.storage.opening import prove
from workers import execution
from workers.health import Condition, Health
from workers.queues import ENTRY, HEAVY

_PR_SET_PDEATHSIG = 1
_PARENT_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 30.0
"""A full disk or a lack of memory may have kept the sandbox from being tried; a kernel is not exchanged."""

logger = log.get_logger(__name__)


# What of RQ's job we use. Callbacks and webhooks are left out: they name functions and addresses.
_FIELDS = frozenset(
    b"data created_at origin enqueued_at started_at ended_at last_heartbeat timeout result_ttl failure_ttl status "
    b"worker_name description".split()
)


class ForeignJobError(Exception):
    """Something stands on a queue that we did not put there (T-38)."""


class IdJob(Job):
    """An RQ job that can only ever be: look at the row with this id."""

    def restore(self, raw_data: dict[bytes, bytes]) -> Any:
        """Read our own fields, and no other."""
        return super().restore({name: value for name, value in raw_data.items() if name in _FIELDS})

    def _execute(self) -> None:
        arguments = self.args
        if self.func_name != ENTRY or self.kwargs or len(arguments) != 1 or type(arguments[0]) is not int:
            raise ForeignJobError("a job that is not ours stands on the queue; who can write to Redis?")
        execution.execute(arguments[0])


class HorseWorker(Worker):
    """An RQ worker that forks a horse per job, ties the horse's life to its own, and gives a dead horse's job back."""

    settings: Settings

    def setup_work_horse_signals(self) -> None:
        """In the horse, before the job: die with the parent, also by SIGKILL (F-02)."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        parent = os.getppid()
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:
            os._exit(1)  # the parent died before the tie was made
        threading.Thread(target=_exit_without, args=(parent,), name="parent-watch", daemon=True).start()

    def handle_work_horse_killed(self, job: Any, retpid: int, ret_val: int, rusage: Any) -> None:
        """In the parent: the horse is known to be dead, so nobody need wait for its lease to lapse."""
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]
        assert self.settings.database_url is not None
        database = Database(self.settings.database_url)
        try:
            with database.unit_of_work() as session:
                jobs.release(session, int(job.args[0]))
        finally:
            database.dispose()
            sweep_workspaces()


def _exit_without(parent: int) -> None:
    # What prctl does at once on Linux, this does within seconds everywhere.
    while os.getppid() == parent:
        time.sleep(_PARENT_LOOK_SECONDS)
    os._exit(1)


def run(
    settings: Settings, queue: str, worker_class: type[HorseWorker] = HorseWorker, health: Health | None = None
) -> int:
    """Work until SIGTERM: the running job is finished first; a second SIGTERM kills it, and its lease gives it back.

    With `health`, a machine that does not contain strangers' code is told of there for as long as it does not, instead
    of by ending; a job is taken in neither case.
    """
    assert settings.redis_url is not None
    level = None
    if queue == HEAVY:
        found = _contained(settings, health)  # before the fork, so that horses know
        level = found.level
        sweep_workspaces()
        logger.info("the sandbox was tried", level=found.level, landlock=found.landlock)
        if loud := warning(settings.sandbox):
            logger.warning(loud, level=found.level)
    execution.prepare(settings)
    # Else every horse would do these anew.
    configure_mappers()
    trusted_authorities()
    prove(settings)
    redis = connect(settings.redis_url.get_secret_value(), patience=None)
    try:
        worker = worker_class(
            [Queue(queue, connection=redis, serializer=JSONSerializer, job_class=IdJob)],
            connection=redis,
            serializer=JSONSerializer,
            job_class=IdJob,
            log_job_description=False,
        )
        worker.settings = settings
        if health is not None:
            health.condition = Condition(ready=True, level=level)
        worker.work(logging_level="WARNING", with_scheduler=False)
    except RedisConnectionError as error:
        logger.exception("the worker lost Redis; start it again once Redis is back", error=str(error))
        return 1
    return 0


def _contained(settings: Settings, health: Health | None) -> Probe:
    if health is None:
        return demand(settings.sandbox)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # RQ's own comes later
    while True:
        try:
            return demand(settings.sandbox)
        except UserError as error:
            if health.condition.reason != str(error):
                logger.error("the worker takes no jobs: strangers' code is not contained here", reason=str(error))  # noqa: TRY400
            health.condition = Condition(level="L0", reason=str(error))
            probe.cache_clear()
            time.sleep(_AGAIN_SECONDS)
