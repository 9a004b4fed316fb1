"""A bounded cache of values that are thrown away by tag, and flights: one read for all who miss the same at once.

Knows nothing of what it keeps. A value that was read before a change was heard of is never kept.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import Transient

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")

# How many evictions are remembered for reads that are under way.
_REMEMBERED = 10_000
# Under way or waiting for a thread. More would only wait behind whatever it is that does not answer.
_MOST_FLIGHTS = 512
# Of the patience of who waits, how much the work must have had before it counts as hanging.
_MOSTLY = 0.8


@dataclass(frozen=True)
class _Kept(Generic[V]):
    value: V
    tags: tuple[str, ...]
    size: int


class TaggedCache(Generic[K, V]):
    """The values used last, up to `max_size` in all; the unit of size is the caller's. Safe between threads."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self.size = 0
        self._kept: OrderedDict[K, _Kept[V]] = OrderedDict()
        self._by_tag: dict[str, set[K]] = {}
        self._lock = threading.Lock()
        self._count = 0  # of evictions
        self._evicted: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0  # before this eviction, anything may have been thrown away

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """The value, which is now the one used last. Takes no lock: every request comes by here."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        try:  # noqa: SIM105  # `suppress` costs more than all the rest
            self._kept.move_to_end(key)
        except KeyError:  # another thread has just thrown it away
            pass
        return kept.value

    def ticket(self) -> int:
        """Taken before a value is read from where it comes from, and given to `put` afterwards."""
        return self._count

    def put(self, key: K, value: V, tags: tuple[str, ...], size: int, ticket: int) -> bool:
        """Keep a value that was read after `ticket` was taken, unless one of its tags was evicted since."""
        with self._lock:
            if ticket < self._forgotten or size > self.max_size:
                return False
            if any(self._evicted.get(tag, 0) > ticket for tag in tags):
                return False
            self._drop(key)
            self._kept[key] = _Kept(value, tags, size)
            self.size += size
            for tag in tags:
                self._by_tag.setdefault(tag, set()).add(key)
            while self.size > self.max_size:
                self._drop(next(iter(self._kept)))
            return True

    def evict(self, tags: Collection[str] | None) -> None:
        """Throw away what bears one of these tags; with None, everything."""
        with self._lock:
            self._count += 1
            if tags is None:
                self._kept.clear()
                self._by_tag.clear()
                self._evicted.clear()
                self.size, self._forgotten = 0, self._count
                return
            for tag in tags:
                for key in self._by_tag.get(tag, set()).copy():
                    self._drop(key)
                self._evicted[tag] = self._count
                self._evicted.move_to_end(tag)
            while len(self._evicted) > _REMEMBERED:
                self._forgotten = self._evicted.popitem(last=False)[1]

    def _drop(self, key: K) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self.size -= kept.size
        for tag in kept.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]


class Flights(Generic[T]):
    """One piece of work for all who ask for the same while it is under way, and in a thread of `executor`."""

    def __init__(self, executor: Executor, joinable_seconds: float = 0.5) -> None:
        # Who joins must not get an answer that is older than what is fresh: a slow flight takes nobody aboard.
        self._joinable = joinable_seconds
        self._executor = executor
        self._under_way: dict[Hashable, _Flight[T]] = {}
        self._lock = threading.Lock()

    async def join(self, key: Hashable, work: Callable[[], T], patience: float) -> T:
        """The result of `work`, or what it raised; TimeoutError after `patience` seconds, while the work goes on."""
        flight = self._board(key, work)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(flight.future)), patience)
        except TimeoutError:
            if flight.ran_for() < patience * _MOSTLY:
                raise _too_much() from None  # it waited for a thread; what it asks for may be well
            raise

    def _board(self, key: Hashable, work: Callable[[], T]) -> "_Flight[T]":
        now = time.monotonic()
        with self._lock:
            if len(self._under_way) >= _MOST_FLIGHTS:
                raise _too_much()
            flight = self._under_way.get(key)
            if flight is not None and now - flight.boarded < self._joinable:
                return flight
            flight = _Flight(work, now)
            flight.future = self._executor.submit(flight.run)
            self._under_way[key] = flight
        flight.future.add_done_callback(lambda _done: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: "_Flight[T]") -> None:
        with self._lock:
            if self._under_way.get(key) is flight:
                del self._under_way[key]


class _Flight(Generic[T]):
    """Work that was handed to a thread, and when a thread took it up."""

    future: Future[T]

    def __init__(self, work: Callable[[], T], boarded: float) -> None:
        self._work, self.boarded = work, boarded
        self._began: float | None = None

    def run(self) -> T:
        self._began = time.monotonic()
        return self._work()

    def ran_for(self) -> float:
        """Seconds; none where no thread was free so far."""
        return 0.0 if self._began is None else time.monotonic() - self._began


def _too_much() -> Transient:
    return Transient("too much is being read at once", 1.0)
