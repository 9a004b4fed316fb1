"""A connection of uvicorn that asks for a ready answer before it makes a task: what costs most of a short answer is
what a server does around it.

Knows uvicorn's own protocol for httptools, as `web/wire.py` bounds it, and takes its way for whatever is not a plain
GET or HEAD with a ready answer. Refuses to answer out of turn, and to write more than a client reads.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any, Protocol, cast

from web.wire import BoundedHttp

# In one go, before the client was given a chance to read.
_MOST_AT_ONCE = 256 << 10
# Up to here, a copy is cheaper than a second buffer.
_SMALL = 16 << 10


class Ready(Protocol):
    """An answer with status 200: its header lines, each with its end, an empty line after them, and its body."""

    @property
    def head(self) -> bytes: ...

    @property
    def body(self) -> bytes | memoryview: ...

    @property
    def file(self) -> int:
        """An open file that holds the body and nothing else; -1 where there is none."""


AtOnce = Callable[[dict[str, Any]], Ready | None]
"""Asked with the ASGI scope; None sends the request to the application, with the same scope."""


class Connection(BoundedHttp):
    """uvicorn's, bounded, with a shorter way for answers that are ready."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn may wrap the application; then nobody is asked, and everything goes the long way.
        self._at_once: AtOnce | None = getattr(self.app, "at_once", None)
        self._plain = True  # nothing in the headers that asks for more than an answer
        self._modern: bool | None = None  # HTTP/1.1, as the first request said
        self._answered = False
        self._written = 0
        self._heard_at = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._defaults: list[tuple[bytes, bytes]] | None = None
        self._first_lines = b""
        self._socket: socket.socket | None = None

    def data_received(self, data: bytes) -> None:
        self._heard_at, self._written = self.loop.time(), 0
        super().data_received(data)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        found = transport.get_extra_info("socket")
        if found is not None and transport.get_extra_info("sslcontext") is None:
            # uvloop shows no socket that can send. Ours borrows its number, and never closes it.
            self._socket = socket.socket(found.family, found.type, found.proto, fileno=found.fileno())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._socket is not None:
            self._socket.detach()
            self._socket = None
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        super().connection_lost(exc)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._unread:
            return  # a trailer
        name = name.lower()
        self.headers.append((name, value))
        if name in _NOT_PLAIN:
            self._plain = False
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        plain, self._plain = self._plain, True
        if plain and self._at_once is not None and self._may_answer():
            ready = self._at_once(cast("dict[str, Any]", self.scope))
            if ready is not None:
                self.head_has_ended()
                self._answer(ready)
                return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self._answered:
            self._answered = False
            self._has_ended = True
        else:
            super().on_message_complete()

    def _may_answer(self) -> bool:
        """Whether this is a plain question that may be answered now, and the scope what an application expects."""
        method = self.parser.get_method()
        if method != b"GET" and method != b"HEAD":  # noqa: PLR1714  # faster
            return False
        if self._is_busy() or self.flow.write_paused or self._written > _MOST_AT_ONCE:
            return False
        if self._modern is None:
            self._modern = self.parser.get_http_version() == "1.1" and self.limit_concurrency is None
        path, _, query = self.url.partition(b"?")
        if not self._modern or path[:1] != b"/" or not self.parser.should_keep_alive():
            return False
        scope = cast("dict[str, Any]", self.scope)
        scope["method"] = "GET" if method == b"GET" else "HEAD"
        scope["raw_path"], scope["query_string"] = path, query
        return True

    def _answer(self, ready: Ready) -> None:
        defaults = self.server_state.default_headers
        if defaults is not self._defaults:
            lines = [b"HTTP/1.1 200 OK\r\n", *(b"%b: %b\r\n" % pair for pair in defaults)]
            self._defaults, self._first_lines = defaults, b"".join(lines)
        body = b"" if self.scope["method"] == "HEAD" else ready.body
        if len(body) <= _SMALL:
            self.transport.write(self._first_lines + ready.head + bytes(body))
        elif ready.file < 0 or not self._send(self._first_lines + ready.head, ready.file, body):
            self.transport.writelines([self._first_lines + ready.head, body])
        self._written += len(body)
        self._answered = True
        self.server_state.total_requests += 1
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _send(self, head: bytes, file: int, body: bytes | memoryview) -> bool:
        """Have the kernel send the file, past the transport, which gets what the client does not take at once.

        False where nothing was sent: something else waits to be, or it has to be encrypted.
        """
        if self._socket is None or self.transport.is_closing() or self.transport.get_write_buffer_size():
            return False
        sent = 0
        try:
            sent = self._socket.send(head, _MORE)
            while len(head) <= sent < len(head) + len(body):
                offset = sent - len(head)
                sent += os.sendfile(self._socket.fileno(), file, offset, len(body) - offset)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:  # the client has gone
            self.transport.abort()
            return True
        if sent < len(head):
            self.transport.writelines([head[sent:], body])
        elif sent < len(head) + len(body):
            self.transport.write(memoryview(body)[sent - len(head) :])
        return True

    def _close_if_idle(self) -> None:
        """As uvicorn does after each answer; here one timer lives on, and looks when it was last spoken to."""
        self._idle = None
        if self._is_busy():
            return
        left = self._heard_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle = self.loop.call_later(left, self._close_if_idle)
        elif not self.transport.is_closing():
            self.transport.close()


# What follows belongs to the same packets. Where files can be sent from memory, this is known.
_MORE = getattr(socket, "MSG_MORE", 0)
_NOT_PLAIN = frozenset({b"content-length", b"expect", b"transfer-encoding", b"upgrade"})
