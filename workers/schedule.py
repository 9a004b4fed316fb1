"""What happens by the clock. A tick is a job row with the tick's number as its key: two schedulers make one job."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core import clock
from core.db import Database
from core.jobs import create
from core.settings import Settings
from registry.services import indexing
from workers.jobs import JOBS


@dataclass(frozen=True)
class Tick:
    """A job that runs at the start and then every `seconds`; with `due`, only if that says so then."""

    job: str
    seconds: Callable[[Settings], float]
    due: Callable[[Session], bool] | None = None


SCHEDULE: tuple[Tick, ...] = (
    Tick("reconcile_installations", lambda _settings: 3600.0),
    Tick("reconcile_tags", lambda _settings: 900.0),
    Tick("redeliver_deliveries", lambda settings: settings.redelivery_seconds),
    Tick("verify_objects", lambda _settings: 3600.0),
    Tick("discard_uploads", lambda _settings: 3600.0),
    Tick("collect_garbage", lambda _settings: 86400.0),
    Tick("expire_questions", lambda _settings: 3600.0),
    Tick("prune_rows", lambda _settings: 3600.0),
    Tick("rank_modules", lambda _settings: 3600.0),
    Tick("index_modules", lambda _settings: 1.0, due=indexing.is_behind),
)


class Schedule:
    """Makes the jobs of ticks that have come. At the start of a process every job ticks once, on top of its rhythm."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._last: dict[str, int] = {}

    def tick(self) -> None:
        """Look at the clock, and make what is due."""
        now = clock.now().timestamp()
        for entry in SCHEDULE:
            number = int(now // entry.seconds(self._settings))
            first = entry.job not in self._last
            if self._last.get(entry.job) == number:
                continue
            if entry.due is None or self._says(entry.due):
                self._make(entry, f"start:{entry.job}:{int(now)}" if first else f"tick:{entry.job}:{number}")
            self._last[entry.job] = number

    def _says(self, due: Callable[[Session], bool]) -> bool:
        with self._database.read() as session:
            return due(session)

    def _make(self, entry: Tick, key: str) -> None:
        with self._database.unit_of_work() as session:
            create(
                session,
                key=key,
                name=entry.job,
                queue=JOBS[entry.job].queue,
                subject=f"tick:{entry.job}",
                args={},
                coalesce=True,
            )
