"""Bodies on the wire: slow, silent, cut, endless. None is held in memory, none leaves anything, readers never wait."""

import gzip
import http.client
import os
import select
import socket
import threading
import time
from typing import Any

import psutil
import pytest

from registry.api.own import uploads
from registry.api.own.uploads import Patience
from tests.integration.registry.uploading import PATH, Sender, archive
from web.app import create_app

SLOW = "/v1/slow/acme/bucket/aws/1.0.0/upload"


@pytest.fixture
def sqlite_sender(sqlite_registry: Any) -> Sender:
    return Sender(sqlite_registry)


def _open(port: int, token: str, length: int | None, path: str = PATH) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    size = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{size}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def _eventually(true: Any, what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["reset", "closed"])
def test_a_connection_cut_at_half_leaves_nothing(sqlite_sender: Sender, serving, how: str) -> None:
    body = gzip.compress(os.urandom(2 << 20))
    with serving(sqlite_sender.registry.app) as port:
        connection = _open(port, sqlite_sender.token, len(body))
        connection.sendall(body[: len(body) // 2])
        _eventually(sqlite_sender.staged, "half of it arrived")
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
        _eventually(lambda: not sqlite_sender.staged(), "the half is gone")
        assert sqlite_sender.rows() == 0
        assert sqlite_sender.send(archive()).status_code == 202


def test_a_slow_body_is_waited_for_and_a_silent_one_is_not(sqlite_sender: Sender, serving) -> None:
    registry, data = sqlite_sender.registry, archive()
    app = _impatient(registry, Patience(silence=1.0, whole=60.0))
    with serving(app) as port:
        slow = _open(port, sqlite_sender.token, len(data), SLOW)
        for start in range(0, len(data), 16):
            slow.sendall(data[start : start + 16])
            time.sleep(0.005)
        assert slow.recv(100).startswith(b"HTTP/1.1 202")
        slow.close()
        silent = _open(port, sqlite_sender.token, len(data) * 2, SLOW)
        silent.sendall(data)
        assert silent.recv(100).startswith(b"HTTP/1.1 408")
        silent.close()
    assert sqlite_sender.rows() == 1 and len(sqlite_sender.staged()) == 1


def test_a_trickle_does_not_last_for_ever(sqlite_sender: Sender, serving) -> None:
    registry, data = sqlite_sender.registry, archive()
    app = _impatient(registry, Patience(silence=5.0, whole=0.5))
    with serving(app) as port:
        trickle = _open(port, sqlite_sender.token, len(data), SLOW)
        for number in range(100):
            try:
                trickle.sendall(data[number : number + 1])
            except OSError:
                break
            time.sleep(0.02)
        assert trickle.recv(100).startswith(b"HTTP/1.1 408")
        trickle.close()
    assert sqlite_sender.rows() == 0 and sqlite_sender.staged() == []


def test_a_crowd_of_large_bodies_is_sent_away(sqlite_sender: Sender, serving) -> None:
    registry, data = sqlite_sender.registry, archive()
    app = _impatient(registry, Patience(at_once=1, waiting=1))
    with serving(app) as port:
        held = [_open(port, sqlite_sender.token, len(data), SLOW) for _ in range(3)]
        (sent_away, *others), _, _ = select.select(held, [], [], 20)  # whichever of them came last
        said = sent_away.recv(4096)
        assert not others
        assert said.startswith(b"HTTP/1.1 503") and b"retry-after: 10" in said.lower() and b'{"errors":[' in said
        for one in held:
            one.close()
    assert sqlite_sender.rows() == 0 and sqlite_sender.staged() == []


def _impatient(registry: Any, patience: Patience) -> Any:
    """The application, with one more road in that waits less long."""
    template = SLOW.replace("acme/bucket/aws/1.0.0", "{namespace}/{name}/{system}/{version}")
    hasty, _ = uploads.routes(patience, template)
    return create_app(registry.app.state.settings, registry.database, registry.storage, [hasty])


def test_101_mib_without_a_length_are_refused_in_bounded_memory(sqlite_sender: Sender, serving) -> None:
    piece = b"\x1f\x8b" + os.urandom((1 << 20) - 2)
    process, peak, over = psutil.Process(), [0], threading.Event()
    with serving(sqlite_sender.registry.app) as port:
        sqlite_sender.send(archive())  # whatever is loaded at first use is loaded now
        before = process.memory_info().rss

        def watch() -> None:
            while not over.is_set():
                peak[0] = max(peak[0], process.memory_info().rss - before)
                time.sleep(0.005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        connection = _open(port, sqlite_sender.token, None)
        answer = b""
        try:
            for _ in range(101):
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # it may answer, and hang up, before we have sent everything
        answer = connection.recv(100)
        connection.close()
        over.set()
        watcher.join()
    assert answer.startswith(b"HTTP/1.1 413")
    assert peak[0] < 40 << 20, f"{peak[0] >> 20} MiB"
    assert sqlite_sender.rows() == 1 and len(sqlite_sender.staged()) == 1


def test_who_reads_does_not_wait_for_slow_publishers(sqlite_sender: Sender, serving) -> None:
    """More slow bodies than there are threads for readers."""
    sqlite_sender.registry.publish("acme/read/aws", "1.0.0")
    with serving(sqlite_sender.registry.app) as port:
        slow = [_open(port, sqlite_sender.token, 1000) for _ in range(60)]
        for connection in slow:
            connection.sendall(b"\x1f\x8b")
        for _ in range(5):
            reader = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            reader.request("GET", "/v1/modules/acme/read/aws/versions")
            assert reader.getresponse().status == 200
            reader.close()
        for connection in slow:
            connection.close()
        _eventually(lambda: not sqlite_sender.staged(), "nothing is left of them")
