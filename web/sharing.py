"""Rate limits across processes: tells the others through Redis what this one counted, and learns what they did.

Not in the way of any request: a Redis that is slow or away costs the sum over all processes, and nothing else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.limits import Windows
from core.log import get_logger
from core.redis import Redis, RedisError

_log = get_logger(__name__)

_KEY = "terrasmith:limit"
_EVERY_SECONDS = 1.0
_DEAF_SECONDS = 5.0
_AT_ONCE = 1000  # counts in one exchange; what is over waits for the next


@contextmanager
def sharing(windows: Windows, redis: Redis) -> Iterator[None]:
    """Exchange the counts every second, in a thread of its own, for as long as this lasts."""
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=(windows, redis, ended), name="limits", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        redis.close()


def exchange(windows: Windows, redis: Redis) -> None:
    """Tell and learn, once. Raises RedisError; what was not told then is never told, and that does no harm."""
    told = windows.untold(_AT_ONCE)
    if not told:
        return
    pipeline = redis.pipeline(transaction=False)
    for one in told:
        key = f"{_KEY}:{one.key}:{one.number}"
        pipeline.incrby(key, one.amount)
        pipeline.expire(key, 2 * one.seconds)
    for one, total in zip(told, pipeline.execute()[::2], strict=True):
        windows.learn(one, int(total))


def _run(windows: Windows, redis: Redis, ended: threading.Event) -> None:
    alone = False
    while not ended.wait(_DEAF_SECONDS if alone else _EVERY_SECONDS):
        try:
            exchange(windows, redis)
        except RedisError as error:
            if not alone:
                _log.warning("rate limits are counted by this process alone", reason=str(error))
            alone = True
        else:
            alone = False
