"""Every hour: stored archives are read again and held to their digests, those unread for longest first (F-18).

Safe to repeat: it reads, and writes down what it found. One run is bounded by number and time; the next goes on.
"""

import time

from core import clock
from core.log import get_logger
from registry.services import sweeping
from workers.context import JobContext

_MOST_OBJECTS = 2_000
_MOST_SECONDS = 300.0
_AT_ONCE = 20

logger = get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Read what is due. What is bad is in the audit, in an event and in `terrasmith version list --broken`."""
    started, storage = time.monotonic(), ctx.environment.storage
    with ctx.read() as session:
        due = sweeping.due(session, clock.now(), _MOST_OBJECTS)
    read = bad = 0
    for some in (due[start : start + _AT_ONCE] for start in range(0, len(due), _AT_ONCE)):
        found = [(archive.sha256, sweeping.examine(storage, archive.sha256, archive.size)) for archive in some]
        with ctx.write() as session:
            for sha256, damage in found:
                sweeping.note(session, sha256, damage)
        read += len(found)
        bad += sum(damage is not None for _, damage in found)
        if time.monotonic() - started > _MOST_SECONDS:
            break
    level = logger.error if bad else logger.info
    level("stored archives were read again", read=read, bad=bad, left=len(due) - read)
