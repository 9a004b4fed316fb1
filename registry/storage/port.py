"""What the registry asks of a place that keeps bytes: written once, never over, read back before it counts.

Knows keys and bytes; no module, no version. What lies under `incoming/` is taken away by whoever staged it, an
archive by the collector alone, anything else never.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from core.errors import TerrasmithError, Transient

_SEGMENT = r"[a-z0-9][a-z0-9._-]{0,127}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

ARCHIVES = "archives/sha256/"
"""Where archives lie, each under its digest."""

INCOMING = "incoming/"
"""The staging area: bytes that came from outside and that nobody has judged yet."""


class InvalidKeyError(TerrasmithError):
    """Not a key: lower-case segments, none that starts with a dot."""

    def __init__(self, key: str) -> None:
        super().__init__(f"not a storage key: {key!r}")
        self.key = key


class ObjectMissingError(TerrasmithError):
    """Nothing is kept under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"nothing is stored under {key}")
        self.key = key


class ObjectDiffersError(TerrasmithError):
    """Other bytes stand under this key, or what was written came back changed. They are left as they are."""

    def __init__(self, key: str) -> None:
        super().__init__(f"other bytes are stored under {key}")
        self.key = key


class StorageUnavailableError(Transient):
    """The storage does not answer, is busy or full, or broke off: time, or whoever runs it, may heal that."""


class StorageRefusedError(StorageUnavailableError):
    """The storage answers and will not have us: keys, rights, bucket, region. Its text says what the operator can do.

    A job waits and tries again, a reader is told to come back, a start and a command of the operator end with the text.
    """


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it. `modified` is the storage's own clock."""

    key: str
    size: int
    modified: datetime


class Storage(Protocol):
    """Two of them exist: a local folder and S3. One contract suite runs on both.

    Each method may raise StorageUnavailableError, and StorageRefusedError where waiting will not help.
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep these bytes for good, verified by reading them back. The same bytes again: nothing happens.

        Raises ObjectDiffersError.
        """

    def open(self, key: str) -> BinaryIO:
        """The bytes as a stream that can seek; the caller closes it. Raises ObjectMissingError."""

    def size(self, key: str) -> int:
        """How many bytes are kept. Raises ObjectMissingError."""

    def exists(self, key: str) -> bool:
        """Whether something is kept under this key."""

    def objects(self, prefix: str = "") -> Iterator[Stored]:
        """Everything that is kept under keys that start like this, as of about now, in whatever order.

        `prefix` ends with a slash or is empty. What is not finished is not listed.
        """

    def direct_url(self, key: str, begins: datetime, seconds: int) -> str | None:
        """An address that gives these bytes to whoever has it, for so long from `begins`; None where there is none.

        The same for the same arguments. Whether anything is kept under the key is not asked.
        """

    def stage(self, key: str, chunks: Iterable[bytes]) -> int:
        """Keep a stream under a new `incoming/` key, piece by piece; returns how many bytes it was.

        If `chunks` raises, nothing is kept and the error goes on. Raises InvalidKeyError for a key of another place and
        ObjectDiffersError where something stands under the key already, whatever it is.
        """

    def discard(self, key: str) -> None:
        """Take away what was staged under an `incoming/` key; nothing happens where there is nothing.

        Raises InvalidKeyError for any other key: what is published can never be discarded.
        """

    def staged(self, before: datetime) -> tuple[str, ...]:
        """The keys of all that was staged before this moment. What was begun before it and never ended is removed."""

    def remove(self, key: str) -> None:
        """Take away an archive that nothing refers to any more; nothing happens where there is nothing.

        `put` may keep the same bytes again afterwards. Only the collector calls this, which proves the rest first.
        Raises InvalidKeyError for whatever `archive_key` does not make.
        """


def archives(storage: Storage) -> Iterator[str]:
    """The digests of all archives that are kept, in no order. What comes or goes meanwhile may be in it or not."""
    for one in storage.objects(ARCHIVES):
        sha256 = one.key.rpartition("/")[2].removesuffix(".tar.gz")
        if _SHA256.fullmatch(sha256) and one.key == archive_key(sha256):
            yield sha256


def check_key(key: str) -> None:
    """Accept a key that means the same on every kind of storage, or raise InvalidKeyError."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise InvalidKeyError(key)


def check_incoming(key: str) -> None:
    """Accept a key of the staging area, or raise InvalidKeyError."""
    check_key(key)
    if not key.startswith(INCOMING):
        raise InvalidKeyError(key)


def check_archive(key: str) -> None:
    """Accept a key that `archive_key` makes, or raise InvalidKeyError."""
    sha256 = key.rpartition("/")[2].removesuffix(".tar.gz")
    if not _SHA256.fullmatch(sha256) or key != archive_key(sha256):
        raise InvalidKeyError(key)


def archive_key(sha256: str) -> str:
    """Where the archive with this digest lies. Raises InvalidKeyError for what is no digest."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidKeyError(sha256)
    return f"{ARCHIVES}{sha256[:2]}/{sha256}.tar.gz"
