"""The road of a body into the staging area: counted, hashed and bounded while it streams, never held as a whole.

Refuses what is no gzip from its first bytes on, what is too large, and what does not match its declared digest.
"""

import base64
import binascii
import hashlib
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import UserError
from gate.file_types import belongs
from registry.services import publishing
from registry.services.publishing import PreparedArchive
from registry.storage.port import Storage
from tfmodule.archive import ArchiveError, Entry, unpack

MAX_BODY: Final = 100 << 20
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_SHA256_MEMBER = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")

# Unpacking holds the files of one module: two at a time are enough for a question that is rarely asked.
_comparing = threading.BoundedSemaphore(2)


class BodyTooLargeError(UserError):
    """More bytes than an upload may have."""

    def __init__(self) -> None:
        super().__init__(f"The body is larger than {MAX_BODY >> 20} MiB, the most that an upload may be.")


class BodyKindError(UserError):
    """Not the raw bytes of a .tar.gz."""


class BodyDigestError(UserError):
    """The body that came is not the one that was announced."""


class BadKeyError(UserError):
    """An Idempotency-Key that cannot be kept."""

    def __init__(self) -> None:
        super().__init__("Idempotency-Key must be 1 to 200 visible ASCII characters.")


class StalledError(UserError):
    """The body stopped coming, or comes too slowly to wait for."""

    def __init__(self) -> None:
        super().__init__("The body stopped coming, or came too slowly. Nothing was kept; send it again.")


@dataclass(frozen=True)
class StagedBody:
    """What was written: its digest and its length."""

    sha256: str
    size: int


def stage(storage: Storage, key: str, chunks: Iterable[bytes], declared_sha256: str | None) -> StagedBody:
    """Write the stream under `key`; nothing is kept if it breaks, is too large, or is not what was declared.

    Raises BodyTooLargeError, BodyKindError and BodyDigestError, and whatever `chunks` raises.
    """
    digest = hashlib.sha256()
    size = storage.stage(key, _metered(chunks, digest, declared_sha256))
    return StagedBody(digest.hexdigest(), size)


def declared_sha256(header: str | None) -> str | None:
    """The SHA-256 in a `Content-Digest` (RFC 9530), in hexadecimal; None where there is no header.

    Raises BodyDigestError for one without a SHA-256 that could be one.
    """
    if header is None:
        return None
    match = _SHA256_MEMBER.search(header)
    try:
        value = base64.b64decode(match.group(1), validate=True) if match else b""
    except binascii.Error:
        value = b""
    if len(value) != hashlib.sha256().digest_size:
        raise BodyDigestError("Content-Digest must hold `sha-256=:BASE64:`, the SHA-256 of the body.")
    return value.hex()


def content_digest(sha256: str) -> str:
    """The header's value for a hexadecimal digest: the inverse of `declared_sha256`."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def module_of(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """What is published of an archive: the files that the gate judges, and none that it leaves alone (P-06)."""
    return tuple(entry for entry in entries if belongs(entry.path))


def canonical(storage: Storage, key: str) -> tuple[tuple[Entry, ...], PreparedArchive]:
    """Every file of a staged archive, and the canonical archive of its module. Raises ArchiveError."""
    with storage.open(key) as stream:
        entries = unpack(stream)
    module = module_of(entries)
    if not module:
        message = "The archive holds no file that belongs to a module; its `.tf` files must be at its root."
        raise ArchiveError(message, fix="Pack what is in the module's folder, without a folder around it.")
    return entries, publishing.prepare(module)


def holds(storage: Storage, key: str, sha256: str | None) -> bool:
    """Whether the staged archive, however it was packed, is the module with this digest."""
    try:
        with _comparing:
            return canonical(storage, key)[1].sha256 == sha256
    except UserError:
        return False


def _metered(chunks: Iterable[bytes], digest: "hashlib._Hash", declared: str | None) -> Iterator[bytes]:
    head, size = b"", 0
    for chunk in chunks:
        if len(head) < 2:
            head = (head + chunk[:2])[:2]
            _require_gzip(head, whole=False)
        size += len(chunk)
        if size > MAX_BODY:
            raise BodyTooLargeError
        digest.update(chunk)
        yield chunk
    _require_gzip(head, whole=True)
    # Raised inside the stream, so that the storage keeps nothing.
    if declared is not None and declared != digest.hexdigest():
        raise BodyDigestError("The body does not match its Content-Digest: it was changed or cut on the way.")


def _require_gzip(head: bytes, *, whole: bool) -> None:
    if head == _GZIP or (not whole and _GZIP.startswith(head)):
        return
    if not head:
        raise BodyKindError("The body is empty: send the module's .tar.gz as it is.")
    zipped = " (this looks like a zip)" if head == _ZIP else ""
    raise BodyKindError(f"The body is not a .tar.gz{zipped}: send its raw bytes, without a form around them.")
