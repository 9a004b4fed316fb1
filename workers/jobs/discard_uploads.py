"""Every hour: staged bytes that nobody needs any more go, and so do uploads that failed and were left lying.

Safe to repeat. Bytes of an upload that is under way, or that may be tried again, are never touched.
"""

from datetime import timedelta

from core import clock, log
from registry.services import uploads
from workers.context import JobContext

# Longer than a body may take to arrive: what is younger may be on its way to its row.
_STAGED_KEPT = timedelta(hours=1)
_FAILED_KEPT = timedelta(days=7)
_REFUSED_KEPT = timedelta(days=90)

logger = log.get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Give up, discard, forget."""
    now = clock.now()
    with ctx.write() as session:
        given_up = uploads.give_up(session, now - _FAILED_KEPT)
    keys = ctx.environment.storage.staged(now - _STAGED_KEPT)
    with ctx.read() as session:
        unneeded = uploads.settled(session, keys)
    for key in unneeded:
        ctx.environment.storage.discard(key)
    with ctx.write() as session:
        uploads.prune(session, now - _REFUSED_KEPT)
    if given_up or unneeded:
        logger.info("staged uploads were cleared away", discarded=len(unneeded), given_up=given_up)
