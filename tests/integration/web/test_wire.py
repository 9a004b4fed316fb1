"""Connections that say nothing, too slowly, or too much: each is ended, with a word where it is its turn."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from web.connection import Connection
from web.wire import MAX_HEAD, BoundedHttp


class Impatient(BoundedHttp):
    head_seconds = 0.2


async def _answer(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


async def _said(port: int, *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    received = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    await writer.wait_closed()
    return received


def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async def play() -> list[bytes]:
        config = uvicorn.Config(_answer, http=Impatient, lifespan="off", log_config=None)
        state, loop = ServerState(), asyncio.get_running_loop()
        server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        said = [await _said(port, *pieces) for pieces in ((), (whole[:20],), (whole, whole[:20]))]
        server.close()
        return said

    silent, half, second = asyncio.run(play())
    for answer in (silent, half, second.partition(b"\r\n\r\n")[2]):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ") and list(json.loads(body)) == ["errors"]
    assert second.startswith(b"HTTP/1.1 200 ")


CHUNKED = b"POST /%b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK"
KINDS = pytest.mark.parametrize("kind", [BoundedHttp, Connection])


class Stage:
    """An application whose answers come when the test says so."""

    def __init__(self) -> None:
        self.made: list[BoundedHttp] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.left = False
        self.read, self.begun, self.go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        path = scope["path"]
        if path == "/body":
            while (message := await receive()).get("more_body"):
                pass
            self.left = message["type"] == "http.disconnect"
            self.headers = list(scope["headers"])
            self.read.set()
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
        if path == "/slow":
            await self.go_on.wait()
        await send(start)
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        self.begun.set()
        if path == "/stream":
            await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"cd"})

    @asynccontextmanager
    async def talk(self, kind: type[BoundedHttp], patience: float = 20.0) -> AsyncIterator[Any]:
        config = uvicorn.Config(self, http=kind, lifespan="off", log_config=None)
        state, loop = ServerState(), asyncio.get_running_loop()

        def make() -> BoundedHttp:
            self.made.append(kind(config, state, {}))
            self.made[-1].head_seconds = patience
            return self.made[-1]

        server = await loop.create_server(make, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            yield reader, writer
        finally:
            writer.close()
            server.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    received = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65536), 30):
            received += piece
    except ConnectionResetError:
        pass
    return received


def _play(scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        await scene(Stage())

    asyncio.run(play())


ENDLESS = pytest.mark.parametrize(
    ("begin", "again"), [(b"0\r\n", b"x:y\r\n"), (b"0\r\nx: ", b"yyyyyy"), (b"1;", b"yyyyyy")]
)


@KINDS
@ENDLESS
def test_a_body_that_only_seems_to_go_on_is_refused(kind, begin: bytes, again: bytes) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            sent = CHUNKED % b"body" + begin
            # To the byte: what is sent after the refusal would make the system forget the answer.
            writer.write((sent + again * MAX_HEAD)[: MAX_HEAD + 1])
            received = await _rest(reader)
            assert received.startswith(b"HTTP/1.1 431 ") and received.count(b"HTTP/1.1") == 1
            await asyncio.wait_for(stage.read.wait(), 30)
            assert stage.left and len(stage.headers) == 2

    _play(scene)


@KINDS
@ENDLESS
def test_after_its_answer_too_and_then_nothing_more_is_said(kind, begin: bytes, again: bytes) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            writer.write(CHUNKED % b"a" + begin)
            assert (await reader.readuntil(b"abcd")).startswith(OK)
            writer.write(again * MAX_HEAD)
            assert await _rest(reader) == b""
            assert len(stage.made[0].headers) == 2

    _play(scene)


@KINDS
def test_the_rest_of_a_request_that_was_answered_is_not_waited_for(kind) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind, 0.2) as (reader, writer):
            writer.write(CHUNKED % b"a")
            await reader.readuntil(b"abcd")
            writer.write(b"2\r\n")
            assert await _rest(reader) == b""

    _play(scene)


@KINDS
def test_trailers_are_no_headers_of_any_request(kind) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            for _ in range(2):
                writer.write(CHUNKED % b"body" + b"2\r\nhi\r\n0\r\nX-Forwarded-For: 9.9.9\r\nAuthorization: x\r\n\r\n")
                assert (await reader.readuntil(b"abcd")).startswith(OK)
                assert [name for name, _ in stage.headers] == [b"host", b"transfer-encoding"]

    _play(scene)


@KINDS
@pytest.mark.parametrize("path", [b"slow", b"stream"])
def test_a_refusal_is_never_written_into_or_before_another_answer(kind, path: bytes) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            writer.write(GET % path)
            if path == b"stream":
                await stage.begun.wait()
            writer.write(GET % b"a" + b"GARBAGE\r\n\r\n" + GET % b"never")
            while not (stage.made and stage.made[0]._deaf):  # noqa: ASYNC110  # nobody is told
                await asyncio.sleep(0)
            writer.write(GET % b"never")
            stage.go_on.set()
            received = await _rest(reader)
            assert received.count(b"HTTP/1.1") == received.count(OK) == received.count(b"abcd") == 2

    _play(scene)


@KINDS
@pytest.mark.parametrize("path", [b"slow", b"stream"])
def test_time_runs_for_a_head_only_when_it_is_its_turn(kind, path: bytes) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind, 0.2) as (reader, writer):
            writer.write(GET % path + b"GET /a")
            await asyncio.sleep(0.5)
            stage.go_on.set()
            first, _, second = (await _rest(reader)).partition(b"abcd")
            assert first.startswith(OK) and b"408" not in first
            assert second.startswith(b"HTTP/1.1 408 ") and second.count(b"HTTP/1.1") == 1

    _play(scene)


@KINDS
@pytest.mark.parametrize(("path", "said"), [(b"body", b"HTTP/1.1 400 "), (b"stream", b""), (b"a", b"")])
def test_a_body_that_cannot_be_read_is_refused_only_where_no_answer_has_begun(kind, path: bytes, said: bytes) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            writer.write(CHUNKED % path)
            if path != b"body":
                await reader.readuntil(b"ab" if path == b"stream" else b"abcd")
            writer.write(b"no chunk\r\n")
            received = await _rest(reader)
            assert received.startswith(said) and received.count(b"HTTP/1.1") == bool(said)

    _play(scene)


@KINDS
def test_many_small_requests_are_not_one_large_head(kind) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind) as (reader, writer):
            one = b"GET /a HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100 + b"\r\n\r\n"
            writer.write(one * 1000 + one[:20])
            for number in range(1001):
                assert (await asyncio.wait_for(reader.readuntil(b"abcd"), 30)).startswith(OK)
                if number == 999:
                    writer.write(one[20:])

    _play(scene)


@KINDS
def test_blank_lines_are_no_request_and_do_not_keep_a_connection(kind) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.talk(kind, 0.2) as (reader, writer):
            writer.write(b"\r\n")
            assert (await _rest(reader)).startswith(b"HTTP/1.1 408 ")

    _play(scene)
