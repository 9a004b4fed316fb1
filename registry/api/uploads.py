"""Publishing over HTTP: take an archive in, and tell how far it has come. Judges nothing: a job of the workers does.

One thread writes to the storage what the event loop receives, piece by piece, so that no body is ever held as a whole,
and readers never wait for a slow publisher's thread.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import anyio
import anyio.from_thread
import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from accounts.http import principal_of
from accounts.permissions import SignInRequiredError
from accounts.tokens import Principal
from core.db import Database
from core.errors import Transient
from core.ids import new_id
from core.log import get_logger
from registry.api.json_body import json_response
from registry.services import catalog, staging, uploads
from registry.services.refusals import VersionTakenError
from registry.services.staging import BadKeyError, BodyKindError, BodyTooLargeError, StagedBody, StalledError
from registry.services.uploads import Incoming, Receipt, Upload
from registry.storage.port import Storage
from tfmodule.address import Address
from tfmodule.version import Version

_log = get_logger(__name__)

UPLOADS_PATH = "/v1/uploads/"
_UNCACHED = {"Cache-Control": "no-store"}
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_FORMS = ("multipart/", "application/x-www-form-urlencoded", "application/json", "application/zip")
_POLL_SECONDS = 1
_CROWDED_SECONDS = 10


@dataclass(frozen=True)
class Patience:
    """How long a body may take, in seconds: between two pieces, and in all.

    `at_once` bodies are read side by side, as many as `waiting` wait for that, and the next ones are sent away.
    """

    silence: float = 30.0
    whole: float = 900.0
    at_once: int = 16
    waiting: int = 64


class Uploads:
    """The endpoints of publishing."""

    def __init__(self, database: Database, storage: Storage, patience: Patience | None = None) -> None:
        self.database = database
        self.storage = storage
        self.patience = patience or Patience()
        self._threads: anyio.CapacityLimiter | None = None
        self._present = 0  # bodies that are read, and those that wait for it

    async def send(self, request: Request) -> Response:
        """`POST :namespace/:name/:system/:version/upload`: 202 with the upload's address, or the answer of before."""
        principal = _publisher(request)
        address, version = _wanted(request)
        address = await run_in_threadpool(self._admit, principal, address)
        key, declared = _key(request), staging.declared_sha256(request.headers.get("content-digest"))
        _refuse_form(request)
        upload_id = new_id("upl")
        try:
            body = await self._stage(request, uploads.staging_key(upload_id), declared)
        except ClientDisconnect:
            _log.info("an upload was cut off; nothing was kept", module=str(address), version=str(version))
            return Response(status_code=400, headers=_UNCACHED)
        incoming = Incoming(
            id=upload_id,
            address=address,
            version=version,
            idempotency_key=key,
            body_sha256=body.sha256,
            body_size=body.size,
        )
        upload = await run_in_threadpool(self._receive, principal, incoming)
        headers = {**_UNCACHED, "Location": UPLOADS_PATH + upload.id}
        if upload.under_way:
            headers["Retry-After"] = str(_POLL_SECONDS)
        return json_response(shown(upload), 202 if upload.under_way else 200, headers)

    def look(self, request: Request) -> Response:
        """`GET /v1/uploads/:id`: its state, and the gate's report once there is one."""
        with self.database.read() as session:
            upload = uploads.find(session, request.path_params["upload"], _publisher(request))
        headers = {**_UNCACHED, "Retry-After": str(_POLL_SECONDS)} if upload.under_way else _UNCACHED
        return json_response(shown(upload), headers=headers)

    def _admit(self, principal: Principal, address: Address) -> Address:
        with self.database.read() as session:
            return uploads.admit(session, principal, address)

    async def _stage(self, request: Request, key: str, declared: str | None) -> StagedBody:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(self.patience.at_once)
        pieces, end = aiter(request.stream()), anyio.current_time() + self.patience.whole

        async def following() -> bytes | None:
            # Silence counts while we wait for the client, not while the disk or another upload keeps it waiting.
            with anyio.fail_after(min(self.patience.silence, max(end - anyio.current_time(), 0))):
                return await anext(pieces, None)

        def chunks() -> Iterator[bytes]:
            while (piece := anyio.from_thread.run(following)) is not None:
                yield piece

        if self._present >= self.patience.at_once + self.patience.waiting:
            raise Transient("too many uploads at once", retry_after=_CROWDED_SECONDS)
        self._present += 1
        try:
            return await anyio.to_thread.run_sync(
                staging.stage, self.storage, key, chunks(), declared, limiter=self._threads
            )
        except TimeoutError:
            raise StalledError from None
        finally:
            self._present -= 1

    def _receive(self, principal: Principal, incoming: Incoming) -> Upload:
        staged = uploads.staging_key(incoming.id)
        try:
            with self.database.unit_of_work() as session:
                receipt = uploads.receive(session, principal, incoming)
        except BaseException:
            self.storage.discard(staged)
            raise
        if not receipt.fresh:
            self._compare_and_discard(receipt, incoming, staged)
        return receipt.upload

    def _compare_and_discard(self, receipt: Receipt, incoming: Incoming, staged: str) -> None:
        """The same files, packed by another tool at another time, are the same module."""
        try:
            if not receipt.same_bytes and not staging.holds(self.storage, staged, receipt.upload.sha256):
                first = receipt.upload
                raise VersionTakenError(str(first.address), str(incoming.version), str(first.version))
        finally:
            self.storage.discard(staged)


def shown(upload: Upload) -> dict[str, Any]:
    """An upload as its publisher sees it."""
    published = {"sha256": upload.sha256, "h1": upload.h1, "size": upload.size}
    return {
        "id": upload.id,
        "address": str(upload.address),
        "version": str(upload.version),
        "state": upload.state,
        "under_way": upload.under_way,
        "reason": upload.reason,
        "body": {"sha256": upload.body_sha256, "size": upload.body_size},
        "left_out": upload.left_out,
        "report": dict(upload.report) if upload.report else None,
        "published": published if upload.state == "published" else None,
        "created_at": upload.created_at.isoformat(),
        "updated_at": upload.updated_at.isoformat(),
    }


def _publisher(request: Request) -> Principal:
    principal = principal_of(request)
    if principal is None:  # the route's guard lets nobody else come this far
        raise SignInRequiredError
    return principal


def _wanted(request: Request) -> tuple[Address, Version]:
    parts = {name: unquote(value) for name, value in request.path_params.items()}
    address = catalog.parse_address(parts["namespace"], parts["name"], parts["system"])
    return address, Version.parse(parts["version"])


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadKeyError
    return key


def _refuse_form(request: Request) -> None:
    """What can be refused by its headers is refused before its body is read."""
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith(_FORMS) or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyKindError(f"Send the raw bytes of the .tar.gz as application/gzip, not `{kind[:60] or 'encoded'}`.")
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:20]) > staging.MAX_BODY:
        raise BodyTooLargeError
