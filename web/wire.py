"""HTTP/1.1 as it comes over the wire, with what uvicorn leaves open: how long the head of a request may be, and take.

What cannot be read gets the one shape of all errors too.
"""

import asyncio
import json
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEAD: Final = 64 << 10


class BoundedHttp(HttpToolsProtocol):
    """One connection. Ends it where the head of a request does not end, or does not come."""

    head_seconds = 20.0
    """How long a head may take to come."""

    _unread = 0
    """Bytes of a head that has not ended yet."""
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unread = 1

    def on_headers_complete(self) -> None:
        self.head_has_ended()
        super().on_headers_complete()

    def head_has_ended(self) -> None:
        """From here on nothing of this request's head is waited for."""
        self._unread = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._unread:
            if self._waiting is not None:
                self._stop_waiting()
            return
        self._unread += len(data)
        if self._unread > MAX_HEAD:
            self._refuse(431, f"The head of the request is longer than {MAX_HEAD >> 10} KiB.")
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "This is no HTTP request that can be read.")

    def _give_up(self) -> None:
        self._refuse(408, f"The head of the request did not come within {self.head_seconds:.0f} seconds.")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self, status: int, message: str) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        body = json.dumps({"errors": [message]}, separators=(",", ":")).encode()
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()
