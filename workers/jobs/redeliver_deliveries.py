"""At the start and on schedule: ask GitHub for the deliveries that never reached us. It does not do so by itself (G2).

Safe to repeat: a delivery keeps its GUID, and the inbox takes each GUID once.
"""

from datetime import timedelta

from core import clock, log
from workers.context import JobContext

_WINDOW = timedelta(days=3)  # as long as github.com keeps them
_MOST_ATTEMPTS = 20

logger = log.get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Have every failed delivery of the window sent again, but none for ever."""
    app = ctx.environment.github.app
    for delivery in app.failed_deliveries(clock.now() - _WINDOW):
        if delivery.attempts >= _MOST_ATTEMPTS:
            logger.warning("a delivery failed too often and is left alone", delivery=delivery.guid)
            continue
        app.redeliver(delivery.id)
        logger.info("asked for a failed delivery again", delivery=delivery.guid, event_name=delivery.event)
