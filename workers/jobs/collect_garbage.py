"""Every day: versions that a retention policy lets go become tombstones; bytes that no version is made of are deleted.

Without a policy no version goes. Safe to repeat, and to kill: what was begun is found again by the next run.
"""

import time

from core import clock
from core.log import get_logger
from registry.services import collecting, retention
from workers.context import JobContext

_MOST_SECONDS = 600.0

logger = get_logger(__name__)


def run(ctx: JobContext) -> None:
    """One run is bounded by time, between two modules or two archives; the next goes on."""
    started = time.monotonic()
    removed = collected = size = 0
    with ctx.read() as session:
        modules = retention.due_modules(session, clock.now())
    for module in modules:
        with ctx.write() as session:
            removed += len(retention.apply(session, module, clock.now()))
        if time.monotonic() - started > _MOST_SECONDS:
            break
    for one in collecting.collect(ctx.read, ctx.write, ctx.environment.storage):
        collected, size = collected + 1, size + one.size
        if time.monotonic() - started > _MOST_SECONDS:
            break
    logger.info("garbage was collected", versions=removed, archives=collected, bytes=size)
