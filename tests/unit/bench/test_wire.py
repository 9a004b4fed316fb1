"""The loopback client against a server of the test's own: statuses, bodies, rates, and a server that hangs up."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Self

import pytest

from bench import wire


class Server:
    """Answers every GET with its path; hangs up on `/rude` without a word."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.port = 0
        self._started, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._talk, wire.HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._over.wait()
        server.close()
        await asyncio.sleep(0.05)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
                self.seen.append(path)
                if path == b"/rude":
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Path: %s\r\n\r\n%s" % (len(path), path, path))
        except (EOFError, ConnectionError):
            pass
        writer.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_an_answer_is_read_whole(server: Server) -> None:
    answer = wire.once(server.port, wire.get(server.port, "/one"))
    assert (answer.status, answer.headers["x-path"], answer.body) == (200, "/one", b"/one")


def test_open_loop_sends_all_that_were_due(server: Server) -> None:
    timings = wire.open_loop(server.port, lambda: wire.get(server.port, "/x"), rate=200, seconds=0.1)
    assert timings.said == "200: 20"
    assert len(server.seen) == 20


def test_closed_loop_asks_again_when_answered(server: Server) -> None:
    paths = [wire.get(server.port, path) for path in ("/a", "/b")]
    timings = wire.closed_loop(server.port, paths, connections=2, seconds=0.1)
    assert set(timings.statuses) == {200}
    assert timings.rate > 0
    assert {b"/a", b"/b"} == set(server.seen)


def test_a_broken_connection_counts_as_status_0(server: Server) -> None:
    timings = wire.open_loop(server.port, lambda: wire.get(server.port, "/rude"), rate=100, seconds=0.03)
    assert timings.statuses == {0: 3}


def test_rounds_add_up() -> None:
    one, two = wire.Timings([0.1], {200: 1}, 1.0), wire.Timings([0.2, 0.3], {200: 1, 500: 1}, 2.0)
    one.add(two)
    assert one.seconds == [0.1, 0.2, 0.3]
    assert one.said == "200: 2, 500: 1"
    assert one.rate == 1.0
