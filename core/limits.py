"""Rate limits: how much of something one may do in a while. Counts in this process, and never waits for anybody.

What other processes counted may be told to it: `web.sharing` does so, through Redis. Knows neither HTTP nor persons.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import limits
from limits import RateLimitItemPerSecond
from limits.storage.base import SlidingWindowCounterSupport, Storage

from core import clock

OFF: Final = frozenset({"off", "0"})


class Budget(RateLimitItemPerSecond):
    """So many in so many seconds, of one kind. Asked for with every request, so its key is made fast."""

    def key_for(self, *who: bytes | str | float) -> str:
        return f"{self.namespace}/{who[0]!s}"

    @property
    def seconds(self) -> int:
        return self.multiples


def budget(name: str, text: str) -> Budget | None:
    """What `600/minute` or `3000/10 seconds` allows; None for `off`. Raises ValueError."""
    if text.strip().lower() in OFF:
        return None
    try:
        (item,) = limits.parse_many(text)
    except ValueError:
        raise ValueError("not an amount for a time") from None
    if item.amount < 1:
        raise ValueError("not an amount for a time")
    return Budget(item.amount, item.get_expiry(), name)


class _Count:
    """One key's sliding window: the window's number, what fell into the one before and into it, what Redis lacks."""

    __slots__ = ("current", "number", "previous", "untold")

    def __init__(self, number: int) -> None:
        self.number, self.previous, self.current, self.untold = number, 0, 0, 0

    def turn(self, number: int) -> None:
        """Make `number` the current window."""
        self.previous = self.current if number == self.number + 1 else 0
        self.number, self.current, self.untold = number, 0, 0


@dataclass(frozen=True)
class Untold:
    """What one process counted under a key and the others do not know yet."""

    key: str
    number: int
    amount: int
    seconds: int


class Windows(Storage, SlidingWindowCounterSupport):
    """Counts for the sliding windows of `limits`, in bounded memory and without a thread of its own.

    The two halves of the memory take turns: what was not asked for during a whole half is forgotten.
    """

    STORAGE_SCHEME = ["terrasmith"]  # noqa: RUF012  # as the class we extend declares it
    base_exceptions = ()

    def __init__(self, seconds: Callable[[], float], keep: int) -> None:
        super().__init__()
        self._seconds, self._keep = seconds, keep
        self._young: dict[str, _Count] = {}
        self._old: dict[str, _Count] = {}
        self._seconds_of: dict[str, int] = {}
        # One holder at a time, for the length of a few assignments: the loop that answers, and the exchange.
        self._lock = threading.Lock()

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return self.take(key, limit, expiry, amount)

    def take(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """The same without what `limits` wraps around it: a whole microsecond of every request."""
        number, into = divmod(self._seconds(), expiry)
        with self._lock:
            count = self._at(key, int(number), expiry)
            if int(count.previous * (1 - into / expiry) + count.current) + amount > limit:
                return False
            count.current += amount
            count.untold += amount
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        number, into = divmod(self._seconds(), expiry)
        with self._lock:
            count = self._at(key, int(number), expiry)
            return count.previous, expiry - into, count.current, 2 * expiry - into

    def untold(self, at_most: int) -> list[Untold]:
        """What the others do not know yet. It counts as told."""
        found: list[Untold] = []
        with self._lock:
            for half in (self._young, self._old):
                for key, count in half.items():
                    if count.untold and len(found) < at_most:
                        found.append(Untold(key, count.number, count.untold, self._seconds_of[key]))
                        count.untold = 0
        return found

    def learn(self, told: Untold, total: int) -> None:
        """All processes together have counted `total` in that window."""
        with self._lock:
            count = self._young.get(told.key) or self._old.get(told.key)
            if count is not None and count.number == told.number:
                count.current = max(count.current, total + count.untold)

    def _at(self, key: str, number: int, expiry: int) -> _Count:
        count = self._young.get(key)
        if count is None:
            count = self._old.pop(key, None)
            if count is None:
                count = _Count(number)
            if len(self._young) >= self._keep:
                self._young, self._old = {}, self._young
                self._seconds_of = {one: self._seconds_of[one] for one in self._old}
            self._young[key], self._seconds_of[key] = count, expiry
        if count.number != number:
            count.turn(number)
        return count

    # The rest of the port: other strategies than ours would ask for it.

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError

    def clear(self, key: str) -> None:
        raise NotImplementedError

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        raise NotImplementedError

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        raise NotImplementedError


class Limiter:
    """Says how long somebody has to wait. Asks nobody outside this process."""

    def __init__(self, seconds: Callable[[], float] | None = None, keep: int = 50_000) -> None:
        self.windows = Windows(seconds or _steady_seconds(), keep)

    def take(self, item: Budget, who: str) -> int:
        """Take one of the budget: 0, or the seconds after which there will be one."""
        return 0 if self.windows.take(item.key_for(who), item.amount, item.multiples) else self.wait(item, who) or 1

    def wait(self, item: Budget, who: str) -> int:
        """How long until there is one to take, in whole seconds; takes nothing."""
        seconds = item.seconds
        previous, left, current, _ = self.windows.get_sliding_window(item.key_for(who), seconds)
        if int(previous * left / seconds + current) < item.amount:
            return 0
        if current < item.amount:  # enough of the window before must slide out
            return int(left - (item.amount - current) * seconds / previous) + 1
        return int(left + (1 - item.amount / current) * seconds) + 1


def _steady_seconds() -> Callable[[], float]:
    """The time that all hosts mean, without the jumps that a corrected clock makes."""
    began = clock.now().timestamp() - time.monotonic()
    return lambda: began + time.monotonic()
