"""A small HTTP/1.1 client for loopback, and the two ways to load a server with it. Reads bodies by Content-Length only.

A general client costs a millisecond of CPU per request, on the same two cores as the server it measures.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """The status, the headers in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass
class Timings:
    """Seconds per request, and how often each status came; 0 is a connection that broke."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0

    def note(self, status: int, seconds: float) -> None:
        self.seconds.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def add(self, other: "Timings") -> None:
        """Take another round in."""
        self.seconds += other.seconds
        self.elapsed += other.elapsed
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0

    @property
    def said(self) -> str:
        """`202: 1000`, for each status."""
        return ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))


class Connection:
    """One kept-alive connection; opened at the first request, and again after it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send these bytes and read one answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port, limit=2**20)
        reader, writer = self._streams
        try:
            writer.write(request)
            answer = await _read(reader)
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def get(port: int, path: str, token: str | None = None) -> bytes:
    """The bytes of a GET."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{authorization}\r\n".encode()


def post(port: int, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a POST."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def once(port: int, request: bytes) -> Answer:
    """One request by itself."""

    async def ask() -> Answer:
        connection = Connection(port)
        try:
            return await connection.ask(request)
        finally:
            connection.close()

    return asyncio.run(ask())


def open_loop(port: int, make: Callable[[], bytes], rate: float, seconds: float) -> Timings:
    """Send at a fixed rate, whether or not the server keeps up.

    Time counts from the moment a request was due: a server that stalls cannot hide the ones that had to wait.
    """
    return asyncio.run(_open_loop(port, make, rate, seconds))


def closed_loop(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Timings:
    """As many as the server answers: each connection asks again as soon as it was answered."""
    return asyncio.run(_closed_loop(port, requests, connections, seconds))


async def _open_loop(port: int, make: Callable[[], bytes], rate: float, seconds: float) -> Timings:
    timings = Timings()
    idle: list[Connection] = []
    every: list[Connection] = []
    started = time.perf_counter()

    async def send(due: float, request: bytes) -> None:
        if not idle:
            idle.append(Connection(port))
            every.append(idle[-1])
        connection, status = idle.pop(), 0
        with suppress(OSError, EOFError):
            status = (await connection.ask(request)).status
        timings.note(status, time.perf_counter() - due)
        idle.append(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            request = make()  # before its time, so that signing is not measured
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(send(due, request))
    timings.elapsed = time.perf_counter() - started
    for connection in every:
        connection.close()
    return timings


async def _closed_loop(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Timings:
    timings, started = Timings(), time.perf_counter()

    async def ask_on(first: int) -> None:
        connection, number = Connection(port), first
        while (begun := time.perf_counter()) - started < seconds:
            status = 0
            with suppress(OSError, EOFError):
                status = (await connection.ask(requests[number % len(requests)])).status
            timings.note(status, time.perf_counter() - begun)
            number += 1
        connection.close()

    await asyncio.gather(*(ask_on(number) for number in range(connections)))
    timings.elapsed = time.perf_counter() - started
    return timings


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    length = int(headers.get("content-length", "0"))
    return Answer(int(head[0].split()[1]), headers, await reader.readexactly(length))
