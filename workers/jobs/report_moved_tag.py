"""A tag that a release came from stands on another commit now: that commit's check says that nothing is republished.

Safe to repeat: one check for each tag on a commit, written whole from the row.
"""

from bot import check_text, checks, releases
from core.log import get_logger
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, installation_id: int, repository_id: int, release_id: str, moved_to: str) -> None:
    """Tell it where the tag stands now. One that went on, or came back meanwhile, needs no check here."""
    with ctx.read() as session:
        release = releases.get(session, release_id)
    if release.moved_to != moved_to:
        return
    logger.warning(
        "a tag was moved; its version stays as it is", release=release_id, tag=release.tag, moved_to=moved_to
    )
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    if repository is None:
        return
    with ctx.write() as session:
        check = checks.begin(session, repository_id, moved_to, checks.of_version(release.tag))
    check_run = github.checks.start(repository.full_name, moved_to, check_text.version_check(release.tag), check.id)
    output = check_text.moved(release)
    github.checks.finish(repository.full_name, check_run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
        checks.conclude(session, check.id, output["conclusion"], None)
