"""Every hour: rows that have served are deleted. What a person may ask about (requests, releases, audit) stays.

Deliveries are kept longer than GitHub's redelivery window, so that no replay finds the door open (S5).
"""

from datetime import timedelta

from bot import deliveries
from core import changes, clock, jobs, outbox
from workers.context import JobContext

_JOBS_KEPT = timedelta(days=14)
_DELIVERIES_KEPT = timedelta(days=30)
_CHANGES_KEPT = timedelta(hours=1)


def run(ctx: JobContext) -> None:
    """Delete finished jobs with their events, old deliveries, and changes that every cache has heard of."""
    with ctx.write() as session:
        jobs.prune(session, clock.now() - _JOBS_KEPT)
        outbox.prune(session, clock.now() - _JOBS_KEPT)
        deliveries.prune(session, clock.now() - _DELIVERIES_KEPT)
        changes.prune(session, clock.now() - _CHANGES_KEPT)
