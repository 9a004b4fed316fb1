"""The road to an HTTP server, with faults: a proxy on loopback that is silent, cuts, flips, or answers for the server.

Forwards everything else as it came, the Host header too, so that signatures stay whole. Also a plain HTTP proxy.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
_OWN = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}


@dataclass
class Fault:
    """What happens to the next `times` requests of this method whose path holds `path`.

    `answer`: status and code in place of the server's. `silent`: the server is never asked, nobody answers. `cut`: half
    of the body, then the end of the connection. `lost`: the server does it, its answer is thrown away. `flip`: one byte
    of the answer is another; `flip_sent`: one of the request. The first `after` such requests come through unharmed.
    """

    method: str
    answer: tuple[int, str] | None = None
    silent: bool = False
    cut: bool = False
    lost: bool = False
    flip: bool = False
    flip_sent: bool = False
    path: str = ""
    after: int = 0
    times: int = 1


@dataclass
class Road:
    """The proxy: its port, the faults to come, and what was asked so far."""

    upstream: int
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """No more faults, and whoever still waits in one is let go."""
        self.over.set()
        self.over = threading.Event()
        self.faults, self.asked, self.headers = [], [], {}

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.asked.append(f"{method} {path}")
            for fault in self.faults:
                if fault.method != method or fault.path not in path or fault.times == 0:
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None


def _flipped(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1]) if body else body


@contextmanager
def faulty_road(upstream: int) -> Iterator[Road]:
    """A proxy in front of a port of 127.0.0.1."""
    road = Road(upstream)

    class Handler(_Handler):
        pass

    Handler.road = road
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    road.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield road
    finally:
        road.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    road: Road
    protocol_version = "HTTP/1.1"
    # One connection a request: what is cut or lost must not reach into the next.
    close_connection = True

    def _any(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.road.headers.update({name.lower(): value for name, value in self.headers.items()})
        fault = self.road.fault_for(self.command, path)
        if fault and fault.silent:
            self.road.over.wait(30)
        elif fault and fault.answer:
            status, code = fault.answer
            self._answer(
                status, [("Content-Type", "application/xml")], _ANSWER.format(code=code).encode() if code else b""
            )
        else:
            self._forward(path, body, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815  (names that the library looks for)

    def _forward(self, path: str, body: bytes, fault: Fault | None) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.road.upstream, timeout=30)
        try:
            upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OWN:
                    upstream.putheader(name, value)
            upstream.endheaders(_flipped(body) if fault and fault.flip_sent else body)
            answer = upstream.getresponse()
            self._pass_on(answer, answer.read(), fault or Fault("none"))
        finally:
            upstream.close()

    def _pass_on(self, answer: http.client.HTTPResponse, body: bytes, fault: Fault) -> None:
        if fault.lost:
            return
        if fault.flip:
            body = _flipped(body)
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
        self._answer(answer.status, kept, body[: len(body) // 2] if fault.cut else body, len(body))

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD" and status not in (204, 304):
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
