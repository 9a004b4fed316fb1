"""Every hour: a request whose question nobody answered within fourteen days is closed.

Safe to repeat: a question is closed once, in the transaction that says so.
"""

from bot import conversations
from core import clock, log
from workers.context import JobContext

logger = log.get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Close what is overdue; who is told, and how, follows from the event."""
    with ctx.write() as session:
        ended = conversations.expire(session, clock.now())
    if ended:
        logger.info("requests were closed because nobody answered", requests=ended)
