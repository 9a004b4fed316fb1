"""At the start and on schedule: ask GitHub for the deliveries that never reached us. It does not do so by itself (G2).

Safe to repeat: a delivery keeps its GUID, and the inbox takes each GUID once. None is given up while GitHub keeps it;
the more often one failed, the longer it waits.
"""

from datetime import timedelta

from bot.github.values import FailedDelivery
from core import clock, log
from workers.context import JobContext

_WINDOW = timedelta(days=3)  # as long as github.com keeps them
_LONGEST = timedelta(hours=1)

logger = log.get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Have every failed delivery of the window sent again whose time has come."""
    app = ctx.environment.github.app
    first = timedelta(seconds=ctx.environment.settings.redelivery_seconds)
    for delivery in app.failed_deliveries(clock.now() - _WINDOW):
        if clock.now() < delivery.delivered_at + pause(delivery, first):
            continue
        if app.redeliver(delivery.id):
            logger.info("asked for a failed delivery again", delivery=delivery.guid, event_name=delivery.event)
        else:
            logger.warning("GitHub will not send a failed delivery again", delivery=delivery.guid)


def pause(delivery: FailedDelivery, first: timedelta) -> timedelta:
    """How long to wait after the last attempt: a minute (or as often as we look), two, four … up to an hour."""
    wait = first
    for _ in range(min(delivery.attempts - 1, 20)):
        wait *= 2
    return min(wait, max(first, _LONGEST))
