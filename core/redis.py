"""The one Redis client. Redis is a doorbell and a cache here: whatever it forgets, the database knows."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["Redis", "RedisError", "connect"]


def connect(url: str, *, patience: float | None = 1.0) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`.

    `patience` is how many seconds an answer may take, None for as long as RQ's own limits say. Who blocks on a list
    must be more patient than it blocks, and no more: a Redis that hangs must not hang us.
    """
    # A unix socket has no keepalive, and its connection knows no such word.
    tcp = {} if url.startswith("unix") else {"socket_keepalive": True}
    return Redis.from_url(
        url,
        socket_connect_timeout=1.0,
        socket_timeout=patience,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
        **tcp,
    )
