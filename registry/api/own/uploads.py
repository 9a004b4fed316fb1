"""Publishing over HTTP: take an archive in, and tell how far it has come. Judges nothing: a job of the workers does.

One thread writes to the storage what the event loop receives, piece by piece, so that no body is ever held as a whole,
and readers never wait for a slow publisher's thread.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import anyio
import anyio.from_thread
import anyio.to_thread
from fastapi import Depends, Header, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission, SignInRequiredError
from accounts.tokens import Principal
from core.errors import Transient
from core.ids import new_id
from core.log import get_logger
from registry.api.described import UNCACHED, described, respond_uncached
from registry.api.discovery import MODULES_PATH
from registry.api.module_address import address
from registry.api.own.upload_models import OneUpload, shown
from registry.services import staging, uploads
from registry.services.refusals import VersionTakenError
from registry.services.staging import BadKeyError, BodyKindError, BodyTooLargeError, StagedBody, StalledError
from registry.services.uploads import Incoming, Receipt, Upload
from registry.storage.port import Storage
from tfmodule.address import Address
from tfmodule.version import Version

_log = get_logger(__name__)

TAG = "publishing"
UPLOADS_PATH = "/v1/uploads/"
UPLOAD_PATH = MODULES_PATH + "{namespace}/{name}/{system}/{version}/upload"
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
    """The endpoint that takes bodies in, and how many it reads."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._threads: anyio.CapacityLimiter | None = None
        self._present = 0  # bodies that are read, and those that wait for it

    async def send(
        self,
        request: Request,
        wanted: Annotated[Address, Depends(address)],
        version: Annotated[str, Path(description="Strict semantic versioning.", examples=["1.4.0"])],
        idempotency_key: Annotated[str | None, Header(description="One key is one upload for ever.")] = None,
        content_digest: Annotated[
            str | None, Header(description="`sha-256=:BASE64:` of the body (RFC 9530); what differs is not kept.")
        ] = None,
    ) -> Response:
        """Publish a version: send the module's `.tar.gz` as it is, the module at its root.

        The answer comes when all bytes have arrived, before anybody has looked into them: follow `Location` until
        `under_way` is false. The same bytes again, or the same files packed otherwise, get the first answer.
        """
        principal, number = _publisher(request), Version.parse(version)
        found = await run_in_threadpool(_admit, request, principal, wanted)
        key, declared = _key(idempotency_key), staging.declared_sha256(content_digest)
        _refuse_form(request)
        upload_id = new_id("upl")
        try:
            body = await self._stage(request, uploads.staging_key(upload_id), declared)
        except ClientDisconnect:
            _log.info("an upload was cut off; nothing was kept", module=str(found), version=str(number))
            return Response(status_code=400, headers=UNCACHED)
        incoming = Incoming(
            id=upload_id,
            address=found,
            version=number,
            idempotency_key=key,
            body_sha256=body.sha256,
            body_size=body.size,
        )
        upload = await run_in_threadpool(_receive, request, principal, incoming)
        headers = {"Location": UPLOADS_PATH + upload.id}
        if upload.under_way:
            headers["Retry-After"] = str(_POLL_SECONDS)
        return respond_uncached(shown(upload), 202 if upload.under_way else 200, headers)

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
                staging.stage, _storage(request), key, chunks(), declared, limiter=self._threads
            )
        except TimeoutError:
            raise StalledError from None
        finally:
            self._present -= 1


def look(request: Request, upload: Annotated[str, Path(examples=["upl_01m9…"])]) -> Response:
    """How far an upload is, and the gate's report once there is one. Only for tokens that publish in its namespace."""
    with database_of(request).read() as session:
        found = uploads.find(session, upload, _publisher(request))
    return respond_uncached(shown(found), headers={"Retry-After": str(_POLL_SECONDS)} if found.under_way else None)


def routes(patience: Patience | None = None, path: str = UPLOAD_PATH) -> list[BaseRoute]:
    """Sending, and looking how far it is."""
    location = {"Location": {"description": "Of the upload.", "schema": {"type": "string"}}}
    waiting = {"Retry-After": {"description": "While it is under way.", "schema": {"type": "string"}}}
    ended = {
        "description": "It has ended: the same was sent before",
        "headers": location,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{OneUpload.__name__}"}}},
    }
    archive = {"application/gzip": {"schema": {"type": "string", "format": "binary"}}}
    return [
        described(
            path,
            Uploads(patience).send,
            permission=Permission.PUBLISH,
            methods=("POST",),
            answers=OneUpload,
            status=202,
            tag=TAG,
            errors=(404, 408, 409, 415),
            more={
                "requestBody": {"required": True, "content": archive},
                "responses": {"200": ended, "202": {"headers": {**location, **waiting}}},
            },
        ),
        described(
            UPLOADS_PATH + "{upload}",
            look,
            permission=Permission.PUBLISH,
            answers=OneUpload,
            tag=TAG,
            errors=(404,),
            more={"responses": {"200": {"headers": waiting}}},
        ),
    ]


def _admit(request: Request, principal: Principal, wanted: Address) -> Address:
    with database_of(request).read() as session:
        return uploads.admit(session, principal, wanted)


def _receive(request: Request, principal: Principal, incoming: Incoming) -> Upload:
    storage, staged = _storage(request), uploads.staging_key(incoming.id)
    try:
        with database_of(request).unit_of_work() as session:
            receipt = uploads.receive(session, principal, incoming)
    except BaseException:
        storage.discard(staged)
        raise
    if not receipt.fresh:
        _compare_and_discard(storage, receipt, incoming, staged)
    return receipt.upload


def _compare_and_discard(storage: Storage, receipt: Receipt, incoming: Incoming, staged: str) -> None:
    """The same files, packed by another tool at another time, are the same module."""
    try:
        if not receipt.same_bytes and not staging.holds(storage, staged, receipt.upload.sha256):
            first = receipt.upload
            raise VersionTakenError(str(first.address), str(incoming.version), str(first.version))
    finally:
        storage.discard(staged)


def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


def _publisher(request: Request) -> Principal:
    principal = principal_of(request)
    if principal is None:  # the route's guard lets nobody else come this far
        raise SignInRequiredError
    return principal


def _key(key: str | None) -> str | None:
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
