"""The collector: takes archives out of the storage that no version is made of, and nothing else.

Each goes in three steps, of which only the middle one is outside a transaction: condemned, taken away, forgotten.
After a crash the next run begins with the first step again. Bytes that this database never heard of are not its own:
they are named to an operator, who may have them noted, and are collected only when they were noted a grace period ago.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from sqlalchemy.orm import Session

from core import clock
from core.log import get_logger
from registry.services import archive_claims
from registry.storage.port import ObjectMissingError, Storage, archive_key, archives

Transaction = Callable[[], AbstractContextManager[Session]]

GRACE = timedelta(days=7)
"""Longer than any publication can take from its claim to its last transaction, all its retries included."""

# Between the decision and the deed. The rest of `archive_claims.COLLECTOR_LOST` is for clocks that differ.
PROMPT_SECONDS = 600.0
_AT_ONCE = 500

logger = get_logger(__name__)


@dataclass(frozen=True)
class Collected:
    """One archive that went, or would go, and how many bytes it had."""

    sha256: str
    size: int


def pending(read: Transaction, storage: Storage, grace: timedelta = GRACE) -> Iterator[Collected]:
    """What would go now."""
    for sha256 in _unneeded(read, grace):
        yield Collected(sha256, _size(storage, sha256))


def collect(read: Transaction, write: Transaction, storage: Storage, grace: timedelta = GRACE) -> Iterator[Collected]:
    """Take away what nobody needs, one after the other; yields each that is gone."""
    for sha256 in _unneeded(read, grace):
        began = time.monotonic()
        with write() as session:
            mark = archive_claims.condemn(session, sha256, clock.now(), grace)
        if mark is None:
            continue
        size = _size(storage, sha256)
        if time.monotonic() - began > PROMPT_SECONDS:
            continue  # we slept: it may be somebody's again by now
        storage.remove(archive_key(sha256))
        with write() as session:
            archive_claims.forget(session, sha256, mark)
        logger.info("an archive that nothing refers to was collected", sha256=sha256, size=size)
        yield Collected(sha256, size)


def strangers(read: Transaction, storage: Storage) -> Iterator[str]:
    """Archives in the storage that this database never heard of: left by another installation, or by a restore."""
    found = archives(storage)
    while some := tuple(islice(found, _AT_ONCE)):
        with read() as session:
            unheard_of = archive_claims.unknown(session, some)
        yield from unheard_of


def note(write: Transaction, sha256: str) -> None:
    """Make a stranger known: it is collected when the grace period has passed and nothing came to need it."""
    with write() as session:
        archive_claims.ensure(session, sha256)


def _unneeded(read: Transaction, grace: timedelta) -> Iterator[str]:
    after = ""
    while True:
        with read() as session:
            some = archive_claims.unneeded(session, clock.now(), grace, after, _AT_ONCE)
        yield from some
        if len(some) < _AT_ONCE:
            return
        after = some[-1]


def _size(storage: Storage, sha256: str) -> int:
    try:
        return storage.size(archive_key(sha256))
    except ObjectMissingError:
        return 0
