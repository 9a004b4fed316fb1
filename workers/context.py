"""What a job function is given: its environment, and units of work that are fenced by its claim."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.orm import Session

from core import jobs
from workers.environment import Environment


class JobContext:
    """One claimed job at work. Every write goes through `write()`, which proves the claim first (F-02, F-11)."""

    def __init__(self, environment: Environment, claim: jobs.Claim) -> None:
        self.environment = environment
        self.claim = claim

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work that fails with FencedError, before anything is written, if another worker took over."""
        with self.environment.database.unit_of_work() as session:
            jobs.hold(session, self.claim, self.environment.settings.lease_seconds)
            yield session

    def read(self) -> AbstractContextManager[Session]:
        """A reading transaction."""
        return self.environment.database.read()
