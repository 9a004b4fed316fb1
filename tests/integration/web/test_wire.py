"""Connections that say nothing, or too slowly: each is ended with a word, and none is waited for."""

import asyncio
import json

import uvicorn
from uvicorn.server import ServerState

from web.wire import BoundedHttp


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
