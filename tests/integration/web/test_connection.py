"""A connection on a real port: ready answers and those of the routes, in turn, whole, and ended as HTTP asks."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from starlette.types import Receive, Scope, Send

from registry.api.archive_bytes import ArchiveBytes
from tests.integration.registry.conftest import _serving


@dataclass(frozen=True)
class _Ready:
    head: bytes
    body: bytes | memoryview
    file: int = -1


LARGE = bytes(range(256)) * 1_024


class App:
    """Has `/ready` and `/large` at hand; anything else, and whatever is more than a question, goes the long way."""

    def __init__(self) -> None:
        self.at_hand = 0
        self.kept = ArchiveBytes(LARGE * 64)

    def at_once(self, scope: Scope) -> _Ready | None:
        assert scope["type"] == "http" and dict(scope["headers"])[b"host"] == b"x" and scope["client"]
        body = {b"/ready": b"at hand", b"/large": LARGE, b"/file": self.kept.data}.get(scope["raw_path"])
        if body is None:
            return None
        self.at_hand += 1
        file = self.kept.file if body is self.kept.data else -1
        return _Ready(b"content-length: %d\r\nx-way: short\r\n\r\n" % len(body), body, file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = await receive()
        body = LARGE if scope["path"] == "/large" else scope["path"].encode() + sent.get("body", b"")
        headers = [(b"content-length", str(len(body)).encode()), (b"x-way", b"long")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("\r\n".join([lines[0], "Host: x", *lines[1:], "", ""]).encode() + body)

    def answer(self, *, head: bool = False) -> tuple[str, bytes]:
        """Which way it took, and its body."""
        assert self.file.readline() == b"HTTP/1.1 200 OK\r\n"
        headers = {}
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.decode().strip().partition(": ")
            assert name not in headers
            headers[name] = value
        assert "date" in headers
        return headers["x-way"], b"" if head else self.file.read(int(headers["content-length"]))

    def ended(self) -> bool:
        return self.file.read() == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def connect(app: App) -> Iterator[Callable[[], Client]]:
    opened: list[Client] = []
    with _serving(app, None, None) as port:

        def connect() -> Client:
            opened.append(Client(port))
            return opened[-1]

        yield connect
        for one in opened:
            one.close()


def test_both_ways_take_turns_on_one_connection(app, connect) -> None:
    client = connect()
    for path in ("/ready", "/a", "/ready", "/ready?q=1", "/b", "/c", "/ready"):
        client.send(f"GET {path} HTTP/1.1")
        ready = path.startswith("/ready")
        assert client.answer() == (("short", b"at hand") if ready else ("long", path.encode()))
    client.send("HEAD /ready HTTP/1.1")
    assert client.answer(head=True)[0] == "short"
    assert app.at_hand == 5


def test_requests_that_come_at_once_are_answered_in_their_order(connect) -> None:
    client = connect()
    paths = ["/ready", "/a", "/ready", "/ready", "/b", "/large", "/ready", "/c"] * 12
    client.socket.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    for path in paths:
        expected = {"/ready": (b"at hand", b"/ready"), "/large": (LARGE,)}.get(path, (path.encode(),))
        assert client.answer()[1] in expected


def test_a_file_arrives_whole_between_other_answers_however_slowly_it_is_read(app, connect) -> None:
    client, gone = connect(), connect()
    paths = ["/file", "/ready", "/file", "/large", "/a", "/file", "/ready"]
    for one in (client, gone):
        one.socket.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    gone.close()  # in the midst of it
    assert client.answer() == ("short", LARGE * 64)
    for path in paths[1:]:
        text = client.answer()[1]
        expected = {"/ready": (b"at hand", b"/ready"), "/large": (LARGE,), "/a": (b"/a",)}
        # With more behind it a request may go the long way, which knows no file.
        assert text in expected.get(path, (LARGE * 64, b"/file")), path
    client.send("HEAD /file HTTP/1.1")
    assert client.answer(head=True)[0] == "short"
    client.send("GET /ready HTTP/1.1")
    assert client.answer() == ("short", b"at hand")


@pytest.mark.parametrize(
    ("lines", "body", "ends"),
    [
        (("GET /ready HTTP/1.1", "Content-Length: 3"), b"abc", False),
        (("GET /ready HTTP/1.1", "Transfer-Encoding: chunked"), b"3\r\nabc\r\n0\r\n\r\n", False),
        (("POST /ready HTTP/1.1", "Content-Length: 3"), b"abc", False),
        (("GET /ready HTTP/1.1", "Connection: close"), b"", True),
        (("GET /ready HTTP/1.0",), b"", True),
        (("GET http://x/ready HTTP/1.1",), b"", False),
    ],
)
def test_what_is_more_than_a_question_goes_the_long_way(app, connect, lines, body: bytes, ends: bool) -> None:
    client = connect()
    client.send(*lines, body=body)
    way, text = client.answer()
    assert way == "long" and text.startswith(b"/ready") and app.at_hand == 0
    if ends:
        assert client.ended()
    else:
        client.send("GET /ready HTTP/1.1")
        assert client.answer() == ("short", b"at hand")


def test_a_body_that_was_announced_is_waited_for(connect) -> None:
    client = connect()
    client.send("POST /a HTTP/1.1", "Content-Length: 3", "Expect: 100-continue")
    assert client.file.readline() == b"HTTP/1.1 100 Continue\r\n" and client.file.readline() == b"\r\n"
    client.socket.sendall(b"abc")
    assert client.answer() == ("long", b"/aabc")


@pytest.mark.prove  # it takes five seconds, and nothing else
def test_a_connection_that_says_nothing_is_closed(app, connect) -> None:
    client = connect()
    client.send("GET /ready HTTP/1.1")
    client.answer()
    assert client.ended()  # after the server's patience with idle connections: five seconds


def test_an_application_without_ready_answers_is_served_as_ever() -> None:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"2"), (b"x-way", b"long")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    with _serving(plain, None, None) as port:
        client = Client(port)
        client.send("GET /ready HTTP/1.1")
        assert client.answer() == ("long", b"ok")
        client.close()
