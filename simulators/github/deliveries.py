"""Sends stored webhooks: in order per repository, ten seconds each, signed, once. It never redelivers by itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping

import httpx

from . import faults
from .store import Row
from .world import World

TIMEOUT_SECONDS = 10.0
MAX_STORED_BODY = 10_000


def request_headers(app: Row, delivery: Row, body: bytes) -> dict[str, str]:
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5171ab8",
        "X-GitHub-Delivery": delivery["guid"],
        "X-GitHub-Event": delivery["event"],
        "X-GitHub-Hook-ID": str(app["hook_id"]),
        "X-GitHub-Hook-Installation-Target-ID": str(app["id"]),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    if app["webhook_secret"]:
        secret = app["webhook_secret"].encode("utf-8")
        headers["X-Hub-Signature"] = "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return headers


class Sender:
    """One task per repository with something to send."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None
        self._stopping = False

    def wake(self) -> None:
        """Call it after a commit; it costs one query when there is nothing to do."""
        if self._stopping:
            return
        for row in self.world.store.all(
            "SELECT DISTINCT COALESCE(repo_id, 0) AS line FROM deliveries WHERE pending = 1"
        ):
            if row["line"] not in self._tasks:
                task = asyncio.get_running_loop().create_task(self._drain(row["line"]))
                self._tasks[row["line"]] = task

    @property
    def idle(self) -> bool:
        return not self._tasks

    async def stop(self) -> None:
        """What is not sent stays pending and goes out at the next start."""
        self._stopping = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._client:
            await self._client.aclose()

    async def _drain(self, line: int) -> None:
        try:
            while not self._stopping:
                delivery = self.world.store.first(
                    "SELECT * FROM deliveries WHERE pending = 1 AND COALESCE(repo_id, 0) = ? ORDER BY id LIMIT 1", line
                )
                if delivery is None:
                    break
                await self._deliver(delivery)
        finally:
            self._tasks.pop(line, None)

    async def _deliver(self, delivery: Row) -> None:
        app = self.world.app()
        if app is None or not app["webhook_url"]:
            self._finish(delivery, {}, status="No webhook URL", code=0, started=time.monotonic())
            return
        body = delivery["payload"].encode("utf-8")
        headers = request_headers(app, delivery, body)
        with self.world.store.transaction():
            fault = faults.take_delivery(self.world, delivery["event"])
        started = time.monotonic()
        if fault and fault["kind"] == "lost-delivery":
            self._finish(delivery, headers, status="timed out", code=0, started=started)
            return
        for _ in range(2 if fault and fault["kind"] == "duplicate-delivery" else 1):
            answer = await self._post(app["webhook_url"], headers, body)
        if isinstance(answer, httpx.Response):
            status = answer.reason_phrase if answer.is_success else f"Invalid HTTP Response: {answer.status_code}"
            self._finish(delivery, headers, status=status, code=answer.status_code, started=started, answer=answer)
        else:
            self._finish(delivery, headers, status=answer, code=0, started=started)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Response | str:
        if self._client is None:
            # trust_env off: a proxy of the machine must not see, or break, a loopback delivery.
            self._client = httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._client.post(url, headers=dict(headers), content=body)
        except (TimeoutError, httpx.TimeoutException):
            return "timed out"
        except httpx.HTTPError:
            return "failed to connect to host"

    def _finish(
        self,
        delivery: Row,
        headers: Mapping[str, str],
        *,
        status: str,
        code: int,
        started: float,
        answer: httpx.Response | None = None,
    ) -> None:
        with self.world.store.transaction():
            app = self.world.app()
            self.world.store.update(
                "deliveries", delivery["id"], pending=0, status="OK" if 200 <= code < 300 else status, status_code=code,
                duration=round(time.monotonic() - started, 3), delivered_at=self.world.now(),
                url=app["webhook_url"] if app else None, request_headers_json=json.dumps(dict(headers)),
                response_headers_json=json.dumps(dict(answer.headers) if answer else {}),
                response_body=answer.text[:MAX_STORED_BODY] if answer else None,
            )  # fmt: skip
