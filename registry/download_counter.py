"""Counts downloads behind the answers: in memory first, then a batch at a time into the database.

A crash loses what one batch holds and nothing else. While the database is away the counts wait, and go on adding up.
"""

import threading
from collections import deque
from contextlib import suppress

from core import clock
from core.db import Database
from core.errors import Transient
from core.log import get_logger
from registry.services import download_counts
from registry.services.clients import CONFORMANCE, Client, identify
from registry.services.download_counts import Key

_log = get_logger(__name__)

FLUSH_SECONDS = 1.0
BATCH = 5_000
"""A batch ends after a second or after so many downloads, whichever comes first."""

# More different ones than this wait for no database: clients can make up their version.
_MOST_KEYS = 50_000


class DownloadCounter:
    """Takes downloads from any thread; one thread writes them. `flush` may be driven by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._new: deque[tuple[str, Client]] = deque()
        self._waiting: dict[Key, int] = {}
        self._full = threading.Event()
        self._stopping = False
        self._flushing = threading.Lock()
        self._thread: threading.Thread | None = None

    def count(self, version_id: str, client: Client) -> None:
        """One download. Costs the caller nothing but these lines."""
        if client is CONFORMANCE:
            return
        self._new.append((version_id, client))
        if len(self._new) >= BATCH:
            self._full.set()

    def count_agent(self, version_id: str, user_agent: str) -> None:
        """The same, of a client that has only said what it is called."""
        self.count(version_id, identify(user_agent))

    def flush(self) -> bool:
        """Write what there is, in one transaction. False where the database did not answer: it waits for the next."""
        with self._flushing:
            self._gather()
            if not self._waiting:
                return True
            try:
                with self._database.unit_of_work() as session:
                    download_counts.add(session, clock.now().date(), self._waiting)
            except Transient:
                return False
            except Exception as error:
                _log.error("download counts are lost", downloads=self._left(), error=f"{type(error).__name__}: {error}")
                self._waiting = {}
                raise
            self._waiting = {}
            return True

    def start(self) -> None:
        """Flush from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="download counts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._stopping = True
        self._full.set()
        if self._thread is not None:
            self._thread.join(10.0)
            self._thread = None
        if not self.flush():
            _log.warning("download counts are lost: the database does not answer", downloads=self._left())

    def _left(self) -> int:
        return sum(self._waiting.values())

    def _gather(self) -> None:
        lost = 0
        for _ in range(len(self._new)):
            version_id, client = self._new.popleft()
            key = (version_id, client.name, client.version)
            if key in self._waiting or len(self._waiting) < _MOST_KEYS:
                self._waiting[key] = self._waiting.get(key, 0) + 1
            else:
                lost += 1
        if lost:
            _log.warning("too many different download counts wait for the database", lost=lost)

    def _run(self) -> None:
        while not self._stopping:
            self._full.wait(FLUSH_SECONDS)
            self._full.clear()
            with suppress(Exception):  # it is told where it happened; the next batch is another one
                self.flush()
