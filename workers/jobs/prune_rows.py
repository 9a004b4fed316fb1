"""Every hour: rows that have served are deleted. What a person may ask about (requests, releases, audit) stays.

A dead job is kept for a quarter of a year, for somebody to retry; a draft for half a year after its request has ended.

Deliveries are kept longer than GitHub's redelivery window, so that no replay finds the door open (S5).
"""

from datetime import timedelta

from accounts import spending
from bot import deliveries, drafts
from core import changes, clock, jobs, outbox
from registry.services import download_counts, judgements
from workers.context import JobContext

_JOBS_KEPT = timedelta(days=14)
_DEAD_KEPT = timedelta(days=90)
_DELIVERIES_KEPT = timedelta(days=30)
_DRAFTS_KEPT = timedelta(days=180)
_CHANGES_KEPT = timedelta(hours=1)
_JUDGEMENTS_KEPT = timedelta(days=30)
# Older days of downloads are folded into months: no total changes by it, and no version's last day.
_DAYS_KEPT = timedelta(days=400)


def run(ctx: JobContext) -> None:
    """Delete jobs, events, deliveries, drafts and reports that have served, and changes every cache has heard of."""
    with ctx.write() as session:
        jobs.prune(session, clock.now() - _JOBS_KEPT)
        jobs.prune_dead(session, clock.now() - _DEAD_KEPT)
        outbox.prune(session, clock.now() - _JOBS_KEPT)
        deliveries.prune(session, clock.now() - _DELIVERIES_KEPT)
        drafts.prune(session, clock.now() - _DRAFTS_KEPT)
        changes.prune(session, clock.now() - _CHANGES_KEPT)
        spending.forget_answers(session, clock.now() - _JOBS_KEPT)
        judgements.prune(session, clock.now() - _JUDGEMENTS_KEPT)
    with ctx.write() as session:
        download_counts.compact(session, (clock.now() - _DAYS_KEPT).date())
