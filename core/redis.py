"""The one Redis client. Redis is a doorbell and a cache here: whatever it forgets, the database knows."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["Redis", "RedisError", "connect"]


def connect(url: str, *, patient: bool = False) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`. Short timeouts; `patient` ones for who blocks on a queue."""
    return Redis.from_url(
        url,
        socket_connect_timeout=1.0,
        socket_timeout=None if patient else 1.0,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
    )
