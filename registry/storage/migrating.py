"""From one storage into another: every object, held to its digest on both sides. Deletes nothing, overwrites nothing.

Safe to repeat and safe while both are in use: what is there already is compared, what is new is written once.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, Literal

from registry.storage.port import (
    INCOMING,
    InvalidKeyError,
    ObjectDiffersError,
    ObjectMissingError,
    Storage,
    StorageRefusedError,
    StorageUnavailableError,
    Stored,
    check_key,
)

Outcome = Literal["copied", "present", "gone", "skipped", "failed"]

_ARCHIVE = re.compile(r"archives/sha256/[0-9a-f]{2}/([0-9a-f]{64})\.tar\.gz")
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Moved:
    """What became of one object. `gone`: taken away while we worked. `skipped`: nothing that we ever keep."""

    key: str
    outcome: Outcome
    reason: str = ""


def migrate(source: Storage, target: Storage, *, at_once: int = 4, quick: bool = False) -> Iterator[Moved]:
    """Copy what `source` holds; `at_once` archives are in memory at a time.

    `quick` believes of what is present that it is right if it is as long. Raises StorageRefusedError as soon as either
    side will not have us; any other failure concerns its object only.
    """
    with ThreadPoolExecutor(at_once) as pool:
        under_way: deque[Future[Moved]] = deque()
        try:
            for stored in source.objects():
                under_way.append(pool.submit(_move, source, target, stored, quick=quick))
                if len(under_way) >= 4 * at_once:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for one in under_way:
                one.cancel()


def _move(source: Storage, target: Storage, stored: Stored, *, quick: bool) -> Moved:
    key = stored.key
    try:
        check_key(key)
        if target.exists(key):
            return _compare(source, target, stored, quick=quick)
        return _copy(source, target, key)
    except InvalidKeyError:
        return Moved(key, "skipped", "no key of ours")
    except ObjectMissingError:
        return Moved(key, "gone")
    except ObjectDiffersError:
        return Moved(key, "failed", "other bytes stand there, or came back; nothing was overwritten")
    except StorageRefusedError:
        raise
    except StorageUnavailableError as error:
        return Moved(key, "failed", error.message)
    except OSError as error:
        return Moved(key, "failed", (error.strerror or type(error).__name__).lower())


def _compare(source: Storage, target: Storage, stored: Stored, *, quick: bool) -> Moved:
    key = stored.key
    same = target.size(key) == stored.size
    if same and not quick:
        same = _digest(target, key) == (_named(key) or _digest(source, key))
    return Moved(key, "present") if same else Moved(key, "failed", "other bytes stand there; nothing was overwritten")


def _copy(source: Storage, target: Storage, key: str) -> Moved:
    if key.startswith(INCOMING):
        digest = hashlib.sha256()
        with source.open(key) as stream:
            target.stage(key, _passing(stream, digest))
        if _digest(target, key) != digest.hexdigest():
            raise ObjectDiffersError(key)
        return Moved(key, "copied")
    with source.open(key) as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != (_named(key) or hashlib.sha256(data).hexdigest()):
        return Moved(key, "failed", "its bytes are not those of its digest: restore it first; it was not copied")
    target.put(key, data)  # which reads it back
    return Moved(key, "copied")


def _named(key: str) -> str | None:
    """The digest that the key of an archive names."""
    match = _ARCHIVE.fullmatch(key)
    return match.group(1) if match else None


def _digest(storage: Storage, key: str) -> str:
    digest = hashlib.sha256()
    with storage.open(key) as stream:
        for _ in _passing(stream, digest):
            pass
    return digest.hexdigest()


def _passing(stream: BinaryIO, digest: "hashlib._Hash") -> Iterator[bytes]:
    while piece := stream.read(_CHUNK):
        digest.update(piece)
        yield piece
