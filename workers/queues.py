"""The two queues and how a job gets onto one. What travels is an id in JSON; the row says the rest.

Whoever can write to Redis can make a worker look at a row, and nothing else: no name from there is ever imported.
"""

from typing import Any

from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from core.jobs import Push
from core.redis import Redis

QUICK, HEAVY = "quick", "heavy"
QUEUES = (QUICK, HEAVY)
ENTRY = "workers.execution.execute"
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
        from workers import execution

        arguments = self.args
        if self.func_name != ENTRY or self.kwargs or len(arguments) != 1 or type(arguments[0]) is not int:
            raise ForeignJobError("a job that is not ours stands on the queue; who can write to Redis?")
        execution.execute(arguments[0])


class Queues:
    """Pushes job ids. Redis errors are the caller's: the row still waits."""

    def __init__(self, redis: Redis, job_timeout_seconds: int) -> None:
        self._queues = {
            name: Queue(name, connection=redis, serializer=JSONSerializer, job_class=IdJob) for name in QUEUES
        }
        self._redis = redis
        self._timeout = job_timeout_seconds

    def push(self, push: Push) -> None:
        """Put a job on its queue under an id of its own for each push: a lost one must not block the next."""
        self._queues[push.queue].enqueue_call(
            ENTRY,
            args=(push.job_id,),
            job_id=_queue_id(push),
            timeout=self._timeout,
            result_ttl=0,
            failure_ttl=60,
        )

    def holds(self, push: Push) -> bool:
        """Whether this very push still stands in line."""
        return self._redis.lpos(self._queues[push.queue].key, _queue_id(push)) is not None


def _queue_id(push: Push) -> str:
    return f"job-{push.job_id}-{push.push}"
