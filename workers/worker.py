"""The process `terrasmith worker QUEUE`: an RQ worker for one queue, whose horses die with it.

One queue per process, since RQ moves a job safely off a single queue only (F-01). Heavy imports happen here, before the
fork; connections are made after it.
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
from rq.serializers import JSONSerializer

from core import jobs, log
from core.db import Database
from core.redis import connect
from core.settings import Settings
from workers import execution
from workers.queues import IdJob

_PR_SET_PDEATHSIG = 1
_PARENT_LOOK_SECONDS = 2.0

logger = log.get_logger(__name__)


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


def _exit_without(parent: int) -> None:
    # What prctl does at once on Linux, this does within seconds everywhere.
    while os.getppid() == parent:
        time.sleep(_PARENT_LOOK_SECONDS)
    os._exit(1)


def run(settings: Settings, queue: str, worker_class: type[HorseWorker] = HorseWorker) -> int:
    """Work until SIGTERM: the running job is finished first; a second SIGTERM kills it, and its lease gives it back."""
    assert settings.redis_url is not None
    execution.prepare(settings)
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
        worker.work(logging_level="WARNING", with_scheduler=False)
    except RedisConnectionError as error:
        logger.exception("the worker lost Redis; start it again once Redis is back", error=str(error))
        return 1
    return 0
