"""A tag that a release came from stands on another commit now: that commit's check says that nothing is republished.

Safe to repeat: one check for each commit, written whole from the rows.
"""

from bot import check_text, checks, releases
from core.log import get_logger
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, installation_id: int, repository_id: int, release_id: str, moved_to: str) -> None:
    """Tell it where the tag stands now. Tags that came back meanwhile need no check."""
    with ctx.read() as session:
        moved = releases.moved_to(session, repository_id, moved_to)
    if not moved:
        return
    logger.warning("a tag was moved; its version stays as it is", release=release_id, moved_to=moved_to)
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    if repository is None:
        return
    with ctx.write() as session:
        check = checks.begin(session, repository_id, moved_to, "tag")
    check_run = github.checks.start(repository.full_name, moved_to, check_text.TAG_CHECK, check.id)
    output = check_text.moved(moved)
    github.checks.finish(repository.full_name, check_run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
        checks.conclude(session, check.id, output["conclusion"], None)
