"""The doorbell: wakes the relay as soon as something was committed. Unheard, the relay looks every second anyway."""

import time

from core.redis import Redis, RedisError

_KEY = "terrasmith:doorbell"
_DEAF_SECONDS = 1.0


class Doorbell:
    """Rings by a Redis list of at most one element. A dead Redis costs its callers one short timeout a second."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._deaf_until = 0.0

    def ring(self) -> None:
        """Never raises: losing a ring costs latency, not work (design law 1)."""
        if self._redis is None or time.monotonic() < self._deaf_until:
            return
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.lpush(_KEY, 1)
            pipeline.ltrim(_KEY, 0, 0)
            pipeline.execute()
        except RedisError:
            self._deaf_until = time.monotonic() + _DEAF_SECONDS

    def wait(self, seconds: float) -> None:
        """Return when the bell rings, or after `seconds`."""
        if self._redis is None:
            time.sleep(seconds)
            return
        try:
            self._redis.blpop([_KEY], timeout=seconds)
        except RedisError:
            time.sleep(seconds)
