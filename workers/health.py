"""What a worker says of itself over HTTP: `/livez`, `/readyz`, and `/metrics` for Prometheus. Knows no queue.

A worker serves nobody else, so it has this small door of its own, which answers from memory and reads nothing but a
path. It says in words and as a number how well strangers' code is contained here: a worker that refuses to run any is
alive, not ready, and at level 0.
"""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from core.errors import UserError

METRIC = "terrasmith_sandbox_level"
_HELP = "How well strangers' code is contained: 0 none is run, 1 limits only, 2 no files or network, 3 also namespaces."
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Condition:
    """Whether the worker takes jobs, and at which level it runs strangers' code; None where it runs none at all."""

    ready: bool = False
    level: str | None = None
    reason: str = "the worker starts"

    def to_dict(self) -> dict[str, str]:
        """The body of `/readyz`."""
        told = {"status": "ok" if self.ready else "unavailable"}
        if self.level is not None:
            told["sandbox"] = self.level
        return told if self.ready else told | {"reason": self.reason}

    def to_metrics(self) -> str:
        """The body of `/metrics`."""
        if self.level is None:
            return ""
        return f"# HELP {METRIC} {_HELP}\n# TYPE {METRIC} gauge\n{METRIC} {self.level.removeprefix('L')}\n"


class Health:
    """Listens while the block runs. `condition` may be replaced at any time."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._server = _Server((host.strip("[]") or "127.0.0.1", int(port)), _Handler)
        except (ValueError, OverflowError, OSError) as error:
            raise UserError(f"Cannot answer at `{address}` ({error}). Give --health an address such as 127.0.0.1:9102."
                            ) from None  # fmt: skip
        self.port = int(self._server.server_address[1])

    @property
    def condition(self) -> Condition:
        """What is answered now."""
        return self._server.condition

    @condition.setter
    def condition(self, condition: Condition) -> None:
        self._server.condition = condition

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    condition = Condition()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "terrasmith", ""
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        """Everything it answers."""
        now = self.server.condition
        match self.path:
            case "/livez":
                self._answer(200, json.dumps({"status": "ok"}), "application/json")
            case "/readyz":
                self._answer(200 if now.ready else 503, json.dumps(now.to_dict()), "application/json")
            case "/metrics":
                self._answer(200, now.to_metrics(), "text/plain; version=0.0.4")
            case _:
                self._answer(404, json.dumps({"errors": ["not found"]}), "application/json")

    def _answer(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Probes ask every few seconds; nobody wants to read it."""
