"""A small registry on loopback that behaves well, or badly in one way: for the lines about the client's own behaviour.

Knows one module; keeps every request that it was sent. Refuses connections from other machines by binding to loopback.
"""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from tfmodule.archive import Entry, pack

MODULE = "acme/box/null"
VERSIONS = ("1.0.0", "1.1.0", "2.0.0-rc.1")
MODULES_PATH = "/v1/modules/"


@dataclass(frozen=True)
class Call:
    """One request as it came: `target` is the path with its query, untouched. `kind` is what it asks for."""

    method: str
    target: str
    headers: Mapping[str, str]
    kind: str

    @property
    def query(self) -> str:
        return urlsplit(self.target).query


@dataclass(frozen=True)
class Answer:
    """What goes back. A Content-Length is added where none is given."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def having(self, **headers: str | None) -> "Answer":
        """The same with these headers; None takes one away."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in changed}
        return replace(self, headers=kept | {name: value for name, value in changed.items() if value is not None})


Alter = Callable[[Call, Answer], Answer]


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def module_archive(version: str) -> bytes:
    """The archive of one version of the stub's module."""
    return pack(
        [
            Entry("main.tf", f'output "version" {{\n  value = "{version}"\n}}\n'.encode()),
            Entry("modules/inner/main.tf", b'output "inner" {\n  value = true\n}\n'),
        ]
    )


@dataclass
class StubRegistry:
    """`with StubRegistry(alter) as stub:` serves until the end of the block; `stub.calls` is what it was asked."""

    alter: Alter = lambda call, answer: answer
    versions: tuple[str, ...] = VERSIONS
    tls: tuple[Path, Path] | None = None
    """Certificate and key."""
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @cached_property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    @cached_property
    def archives(self) -> dict[str, bytes]:
        return {version: module_archive(version) for version in self.versions}

    def of_kind(self, kind: str) -> list[Call]:
        return [call for call in self.calls if call.kind == kind]

    def answer(self, call: Call) -> Answer:
        """What a good registry says, then what this one makes of it."""
        self.calls.append(call)
        return self.alter(call, self._good(call))

    def location(self, version: str) -> str:
        """The location of one version's archive, with its checksum."""
        digest = sha256(self.archives[version]).hexdigest()
        return f"/archive/{version}.tar.gz?archive=tar.gz&checksum=sha256:{digest}"

    def _good(self, call: Call) -> Answer:
        last = unquote(urlsplit(call.target).path).rsplit("/", 2)
        if call.method not in {"GET", "HEAD"}:
            return json_answer({"errors": ["Method not allowed"]}, 405)
        if call.kind == "discovery":
            return json_answer({"modules.v1": MODULES_PATH})
        if call.kind == "versions":
            listed = [{"version": version} for version in self.versions]
            return json_answer({"modules": [{"source": "https://github.example/acme/box", "versions": listed}]})
        if call.kind == "download" and last[1] in self.versions:
            location = self.location(last[1])
            return json_answer({"location": location}, X_Terraform_Get=location)
        if call.kind == "archive" and last[2].removesuffix(".tar.gz") in self.archives:
            return self._archive(call, self.archives[last[2].removesuffix(".tar.gz")])
        return json_answer({"errors": ["Not found"]}, 404)

    def _archive(self, call: Call, data: bytes) -> Answer:
        headers = {"Content-Type": "application/gzip", "Accept-Ranges": "bytes"}
        wanted = call.headers.get("range", "")
        if wanted == "bytes=0-3":
            return Answer(206, data[:4], headers | {"Content-Range": f"bytes 0-3/{len(data)}"})
        return Answer(200, data, headers)


def kind_of(target: str) -> str:
    """What a path asks for."""
    path = urlsplit(target).path.lower()
    own = path.startswith(f"{MODULES_PATH}{MODULE}/")
    if path == "/.well-known/terraform.json":
        return "discovery"
    if own and path.endswith("/versions"):
        return "versions"
    if own and path.endswith("/download") and path.count("/") == MODULES_PATH.count("/") + 4:
        return "download"
    return "archive" if path.startswith("/archive/") else "other"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up, or trusts no certificate, is what some checks are about."""


def _handler(stub: StubRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def _serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = stub.answer(Call(self.command, self.path, headers, kind_of(self.path)))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "content-length" not in {name.lower() for name in answer.headers}:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the calls are kept."""

    return Handler
