"""Every hour: rows that have served are deleted. What a person may ask about (requests, releases, audit) stays.

A dead job is kept for a quarter of a year, for somebody to retry; a draft for half a year after its request has ended.

Deliveries are kept longer than GitHub's redelivery window, so that no replay finds the door open (S5).
"""

from datetime import timedelta

from bot import deliveries, drafts
from core import clock, jobs, outbox
from workers.context import JobContext

_JOBS_KEPT = timedelta(days=14)
_DEAD_KEPT = timedelta(days=90)
_DELIVERIES_KEPT = timedelta(days=30)
_DRAFTS_KEPT = timedelta(days=180)


def run(ctx: JobContext) -> None:
    """Delete finished and forgotten jobs with their events, old deliveries, and drafts that became something."""
    with ctx.write() as session:
        jobs.prune(session, clock.now() - _JOBS_KEPT)
        jobs.prune_dead(session, clock.now() - _DEAD_KEPT)
        outbox.prune(session, clock.now() - _JOBS_KEPT)
        deliveries.prune(session, clock.now() - _DELIVERIES_KEPT)
        drafts.prune(session, clock.now() - _DRAFTS_KEPT)
