"""HTTP/1.1 as it comes over the wire, with what uvicorn leaves open: how long the head of a request may be, and take.

What cannot be read gets the one shape of all errors too, in its turn: nothing is written into the answer of another
request. What comes after a body (trailers) is read over.
"""

import asyncio
import json
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEAD: Final = 64 << 10


class BoundedHttp(HttpToolsProtocol):
    """One connection. Ends it where the head of a request does not end, or does not come."""

    head_seconds = 20.0
    """How long a head may take to come."""

    _unread = 0
    """Bytes of a head that has not ended yet; at least 1 while there is one."""
    _idle_bytes = 0
    """Bytes that came since anything else did: trailers, extensions of chunks, blank lines."""
    _has_ended = _has_body = False  # a whole message, or some of a body, among what came last
    _deaf = False
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unread = 1

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._unread:  # else a trailer
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.head_has_ended()

    def head_has_ended(self) -> None:
        """From here on nothing of this request's head is waited for."""
        self._unread = 0

    def on_body(self, body: bytes) -> None:
        self._has_body = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_ended = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unread and not self._is_busy() and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._wait()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._has_ended = False
        super().data_received(data)
        if self._unread:
            self._bound_head(len(data))
        elif self._has_ended:
            self._idle_bytes = 0
            if self._waiting is not None:
                self._stop_waiting()
        else:
            self._bound_rest(len(data))

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "This is no HTTP request that can be read.")

    def _is_busy(self) -> bool:
        cycle: Any = self.cycle  # None before the first request that went the long way
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete)

    def _bound_head(self, came: int) -> None:
        if self._has_ended:  # it began behind others, in what came last: neither that nor their time is counted
            self._stop_waiting()
        else:
            self._unread += came
            if self._unread > MAX_HEAD:
                self._refuse(431, f"The head of the request is longer than {MAX_HEAD >> 10} KiB.")
                return
        if not self._is_busy():
            self._wait()

    def _bound_rest(self, came: int) -> None:
        """Inside a body, or between requests."""
        self._idle_bytes = 0 if self._has_body else self._idle_bytes + came
        self._has_body = False
        if self._idle_bytes > MAX_HEAD:
            self._refuse(431, f"More than {MAX_HEAD >> 10} KiB came that are neither a head nor a body.")
        elif self._is_busy():
            self._stop_waiting()
        else:  # the answer was given before its request ended, or nothing was asked yet
            self._wait()

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._refuse(408, f"The head of the request did not come within {self.head_seconds:.0f} seconds.")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self, status: int, message: str) -> None:
        """End the connection, with a word only where it answers what is wrong and no other request."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if self._unread or cycle is None or not cycle.more_body:
            if self._is_busy():
                cycle.keep_alive = False  # the last one's: those before it are answered, then uvicorn closes
                self._deaf = True
                return
        elif cycle.response_complete:  # what is wrong is the body of a request that has its answer
            self.transport.close()
            return
        elif cycle.response_started or self.pipeline:
            self.transport.abort()
            return
        else:
            cycle.disconnected = True
            cycle.message_event.set()
        body = json.dumps({"errors": [message]}, separators=(",", ":")).encode()
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()
