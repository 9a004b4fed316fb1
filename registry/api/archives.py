"""Archives: the stored bytes as they are, in whole or in part, with a length and never encoded again.

Where the operator wishes it, a GET that is allowed is sent on to the storage's own address; HEAD is answered here.
Bytes that no longer match their digest are served and reported: the client holds the checksum and refuses them.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from accounts.http import principal_of
from accounts.permissions import SignInRequiredError
from accounts.tokens import Principal
from core import clock
from core.db import Database
from core.errors import TerrasmithError
from core.log import get_logger
from registry.services import downloads
from registry.services.downloads import ArchiveFacts, UnknownArchiveError
from registry.storage.port import ObjectMissingError, Storage, archive_key

_log = get_logger(__name__)

_FILE = re.compile(r"([0-9a-f]{64})\.tar\.gz")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CHUNK = 256 * 1024

Delivery = Literal["stream", "redirect-public", "redirect"]
_IMMUTABLE = "public, max-age=31536000, immutable"
_NEVER = "private, no-store"


class DamagedArchiveError(TerrasmithError):
    """The archive of a published version is missing or has another length: nothing can be served."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"the archive {sha256} is missing or damaged")
        self.sha256 = sha256


@dataclass(frozen=True)
class Archives:
    """The endpoints that serve bytes."""

    database: Database
    storage: Storage
    signing_key: bytes
    delivery: Delivery = "stream"

    def public(self, request: Request) -> Response:
        """`GET /archives/sha256/<digest>.tar.gz`: for everybody, for ever."""
        return self._serve(
            request, self.public_of(request.path_params["file"]), public=True, sent_on=self.sends_on(public=True)
        )

    def public_of(self, file: str) -> ArchiveFacts:
        """What must be served there. Raises UnknownArchiveError."""
        sha256 = _digest(file)
        with self.database.read() as session:
            return downloads.public_archive(session, sha256)

    def signed(self, request: Request) -> Response:
        """`GET /archives/signed/<expires>/<token>/<signature>/<digest>.tar.gz`: for the holder of a fresh location."""
        parts = (request.path_params[name] for name in ("expires", "token", "signature", "file"))
        return self._serve(request, self.signed_of(*parts), public=False, sent_on=self.sends_on(public=False))

    def signed_of(self, expires: str, token_id: str, signature: str, file: str) -> ArchiveFacts:
        """What must be served there. Raises UnknownArchiveError."""
        sha256 = _digest(file)
        end = downloads.check_signature(self.signing_key, expires, token_id, signature, sha256, clock.now())
        with self.database.read() as session:
            archive = downloads.signed_archive(session, token_id, sha256)
        return replace(archive, until=min(end, archive.until or end))

    def private(self, request: Request) -> Response:
        """`GET /archives/private/<digest>.tar.gz`: for the holder of a token of its namespace (R13).

        Never sent on: clients may carry the token along, and it is none of the storage's business.
        """
        return self._serve(request, self.private_of(request.path_params["file"], principal_of(request)), public=False)

    def private_of(self, file: str, principal: Principal | None) -> ArchiveFacts:
        """What must be served there. Raises UnknownArchiveError and SignInRequiredError."""
        sha256 = _digest(file)
        if principal is None:
            raise SignInRequiredError
        with self.database.read() as session:
            return downloads.signed_archive(session, principal.token_id, sha256)

    def sends_on(self, *, public: bool) -> bool:
        """Whether whoever asks for such an archive is sent to the storage for it, where the storage has addresses."""
        return self.delivery == "redirect" or (public and self.delivery == "redirect-public")

    def whole(self, archive: ArchiveFacts) -> bytes:
        """All its bytes, held to their digest. Raises DamagedArchiveError."""
        try:
            with self.storage.open(archive_key(archive.sha256)) as stream:
                data = stream.read(archive.size + 1)
        except ObjectMissingError:
            data = b""
        if hashlib.sha256(data).hexdigest() != archive.sha256:
            raise DamagedArchiveError(archive.sha256)
        return data

    def _serve(self, request: Request, archive: ArchiveFacts, *, public: bool, sent_on: bool = False) -> Response:
        headers = headers_of(archive, public=public)
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
        if sent_on and request.method == "GET" and (url := self._direct_url(archive)):
            return RedirectResponse(url, 302, {"Cache-Control": _NEVER})
        self._require_whole(archive)
        wanted = _wanted(request, archive, headers["ETag"])
        if wanted is None:
            headers |= {"Content-Range": f"bytes */{archive.size}", "Content-Length": "0", "Cache-Control": _NEVER}
            return Response(status_code=416, headers=headers)
        headers["Content-Length"] = str(len(wanted))
        if len(wanted) != archive.size:
            headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{archive.size}"
        status = 206 if "Content-Range" in headers else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        stream = self.storage.open(archive_key(archive.sha256))
        return StreamingResponse(_stream(stream, wanted, archive), status, headers)

    def _direct_url(self, archive: ArchiveFacts) -> str | None:
        """The storage's own address, the same for everybody within a window (R17); None where it has none."""
        begins, seconds = downloads.window(clock.now())
        return self.storage.direct_url(archive_key(archive.sha256), begins, seconds)

    def _require_whole(self, archive: ArchiveFacts) -> None:
        """A short read must not look like a success: compare the lengths before the first byte."""
        try:
            size = self.storage.size(archive_key(archive.sha256))
        except ObjectMissingError:
            size = -1
        if size != archive.size:
            raise DamagedArchiveError(archive.sha256)


def headers_of(archive: ArchiveFacts, *, public: bool) -> dict[str, str]:
    """The headers that every answer with bytes of this archive has."""
    return {
        "Content-Type": "application/gzip",
        "Content-Disposition": "attachment",
        "Accept-Ranges": "bytes",
        "ETag": f'"{archive.sha256}"',
        "Cache-Control": _IMMUTABLE if public else _NEVER,
        "Content-Length": str(archive.size),
    }


def _digest(file: str) -> str:
    match = _FILE.fullmatch(file)
    if match is None:
        raise UnknownArchiveError
    return match.group(1)


def _wanted(request: Request, archive: ArchiveFacts, etag: str) -> range | None:
    """The bytes asked for; all of them where the question is not understood; None where there are none such."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or match.groups() == ("", "") or request.headers.get("if-range", etag) != etag:
        return range(archive.size)
    first, last = match.groups()
    if not first:
        start, stop = max(archive.size - int(last), 0), archive.size
    else:
        start, stop = int(first), min(int(last) + 1, archive.size) if last else archive.size
    if last and first and int(last) < int(first):
        return range(archive.size)
    return range(start, stop) if start < stop else None


def _stream(stream: BinaryIO, wanted: range, archive: ArchiveFacts) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), len(wanted)
    with stream:
        stream.seek(wanted.start)
        while left:
            chunk = stream.read(min(_CHUNK, left))
            if not chunk:
                # The answer is cut here, before its announced length: no client takes that for the whole.
                raise DamagedArchiveError(archive.sha256)
            left -= len(chunk)
            digest.update(chunk)
            yield chunk
    if len(wanted) == archive.size and digest.hexdigest() != archive.sha256:
        _log.error("stored archive does not match its digest", sha256=archive.sha256, found=digest.hexdigest())
