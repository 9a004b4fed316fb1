"""An archive's stored bytes are bad: the log says which versions nobody can install until they are put back.

Safe to repeat: it only tells.
"""

from core.log import get_logger
from registry.services import lifecycle
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, sha256: str, damage: str) -> None:
    """One line of the log for each version, with what to do."""
    with ctx.read() as session:
        broken = [one for one in lifecycle.standings(session, damaged=True) if one.sha256 == sha256]
    for one in broken:
        logger.error(
            "the stored archive of a version is bad: put its bytes back from a backup of the storage",
            module=str(one.address),
            version=one.version,
            sha256=sha256,
            damage=damage,
        )
