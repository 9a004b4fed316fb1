"""Every hour: the search learns how often modules are installed, and which of them are ahead of the others.

Safe to repeat: it writes what is not so already, a part at a time.
"""

from core.log import get_logger
from registry.services import search_standing
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Write what changed. What moved to another tier is indexed again by `index_modules`."""
    with ctx.read() as session:
        changes = search_standing.changes(session, search_standing.downloads(session))
    for start in range(0, len(changes), search_standing.AT_ONCE):
        with ctx.write() as session:
            search_standing.write(session, changes[start : start + search_standing.AT_ONCE])
    logger.info("modules were ranked", changed=len(changes), moved=sum(one.moved for one in changes))
