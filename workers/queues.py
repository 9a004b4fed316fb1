"""The two queues and how a job gets onto one. What travels is an id in JSON; the row says the rest."""

from rq import Queue
from rq.serializers import JSONSerializer

from core.jobs import Push
from core.redis import Redis

QUICK, HEAVY = "quick", "heavy"
QUEUES = (QUICK, HEAVY)
ENTRY = "workers.execution.execute"


class Queues:
    """Pushes job ids. Redis errors are the caller's: the row still waits."""

    def __init__(self, redis: Redis, job_timeout_seconds: int) -> None:
        self._queues = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}
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
