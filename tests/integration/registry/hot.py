"""The hot path over a registry of the tests: a client of it, and the clocks in the test's hands."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import event
from starlette.testclient import TestClient

from core import clock
from core.settings import Settings
from registry.api.answers import Answers
from registry.api.archives import Archives, Delivery
from registry.api.hot import HotPath
from registry.api.protocol import Protocol
from registry.download_counter import DownloadCounter
from registry.services.downloads import signing_key
from web.edge import HEADERS
from web.failures import failure

BASE = "/v1/modules/"
OPEN, CLOSED = f"{BASE}acme/bucket/aws", f"{BASE}secret/vault/aws"


@dataclass
class Clocks:
    """Both clocks; nothing moves but by hand."""

    seconds: float = 1_000.0
    moment: datetime = field(default_factory=clock.now)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.moment

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


class Hot:
    """A hot path that looks for changes when it is told to."""

    def __init__(
        self,
        registry,
        settings: Settings,
        *,
        clocks: bool = True,
        delivery: Delivery = "stream",
        patience: float = 30.0,  # a busy machine is not what is tested
    ) -> None:
        self.clocks = Clocks()
        key = signing_key(settings.secret_key.get_secret_value())  # type: ignore[union-attr]
        self.counter = DownloadCounter(registry.database)
        self.answers = Answers(
            Protocol(registry.database, key, settings.base_url or ""),
            Archives(registry.database, registry.storage, key, delivery),
            HEADERS,
            monotonic=self.clocks.monotonic if clocks else time.monotonic,
            now=self.clocks.now if clocks else clock.now,
            patience=patience,
        )
        self.path = HotPath(registry.app, self.answers, self.counter, headers=HEADERS, failure=failure)
        self.client = TestClient(self.path, raise_server_exceptions=False)
        self.database = registry.database
        assert self.look()

    def look(self) -> bool:
        return self.answers.watcher.look()

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return self.client.get(path, headers=sent, follow_redirects=False)

    @contextmanager
    def statements(self) -> Iterator[list[tuple[str, Any]]]:
        """What the database is asked meanwhile."""
        asked: list[tuple[str, Any]] = []

        def note(_connection, _cursor, statement, parameters, *_rest) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
                asked.append((statement, parameters))

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)

    def stop(self) -> None:
        self.answers.stop()


def filled(registry, settings, **how: Any) -> Hot:
    """With one public and one private namespace, three versions in each."""
    registry.namespace("acme")
    registry.namespace("secret", "private")
    for version in ("1.0.0", "1.1.0-rc.1+build.7", "0.9.0"):
        registry.publish("acme/bucket/aws", version)
        registry.publish("secret/vault/aws", version)
    return Hot(registry, settings, **how)


def locations(hot: Hot, token: str) -> list[str]:
    return [
        hot.get(f"{OPEN}/1.0.0/download").json()["location"],
        hot.get(f"{CLOSED}/1.0.0/download", token).json()["location"],
        hot.get(f"{CLOSED}/1.0.0/download", token, user_agent="OpenTofu/1.12.1").json()["location"],
    ]
