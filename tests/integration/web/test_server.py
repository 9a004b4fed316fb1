"""The server as a process: it serves, and SIGTERM lets an answer that has begun come to its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _start(sqlite_url: str, folder: Path, port: int) -> subprocess.Popen[str]:
    code = f"""
from core import settings
from web.server import serve
serve(settings.load("web"), "127.0.0.1", {port})
"""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": sqlite_url,
        "TERRASMITH_BASE_URL": f"http://127.0.0.1:{port}",
        "TERRASMITH_SECRET_KEY": "k" * 32,
        "TERRASMITH_WEBHOOK_SECRETS": "w" * 32,
        "TERRASMITH_DATA_DIR": str(folder),
    }
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)


def _wait_until_live(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        try:
            if httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.mark.checklist("F-03")
def test_F03_sigterm_ends_the_server_gracefully(sqlite_url: str, tmp_path: Path) -> None:
    port = _free_port()
    with _start(sqlite_url, tmp_path, port) as process:
        try:
            _wait_until_live(process, port)
            assert httpx.get(f"http://127.0.0.1:{port}/.well-known/terraform.json").json() == {
                "modules.v1": "/v1/modules/"
            }
            assert "server" not in httpx.get(f"http://127.0.0.1:{port}/readyz").headers
            # A connection in the middle of its request must be served out before the end.
            with socket.create_connection(("127.0.0.1", port)) as half:
                half.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                process.send_signal(signal.SIGTERM)
                received = b""
                while chunk := half.recv(4096):
                    received += chunk
            assert b"200 OK" in received and b'{"status":"ok"}' in received
            assert process.wait(30) in (0, -signal.SIGTERM)
        finally:
            if process.poll() is None:
                process.kill()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/livez")


def test_a_database_without_its_schema_stops_the_start(tmp_path: Path) -> None:
    process = _start(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path, _free_port())
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0 and "terrasmith migrate" in errors
