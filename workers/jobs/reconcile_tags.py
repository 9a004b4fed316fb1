"""At the start and every quarter of an hour: tags that nobody told us of. GitHub sends no event for a push of more than
three tags at once (G4), and a webhook may be lost for good.

Safe to repeat: a tag that has a release is known, and telling twice of one makes one release.
"""

from bot import declarations, installations, releases
from bot.github.errors import GitHubError
from bot.installations import InstallationView
from core import log
from core.errors import Transient, UserError
from tfmodule.address import Address
from workers.context import JobContext

# The repositories pushed to last, at a request or two each: far below what GitHub allows an installation in an hour.
_MOST_REPOSITORIES = 200

logger = log.get_logger(__name__)


def run(ctx: JobContext) -> None:
    """Look through the module repositories of every installation; one that fails waits for the next time."""
    with ctx.read() as session:
        active = installations.active(session)
    for installation in active:
        try:
            _look_through(ctx, installation)
        except (GitHubError, Transient, UserError) as error:
            logger.warning("the tags could not be listed", installation=installation.id, error=str(error))


def _look_through(ctx: JobContext, installation: InstallationView) -> None:
    github = ctx.environment.github.installation(installation.id)
    latest = github.repositories.latest()
    with ctx.read() as session:
        declaring = declarations.among(session, (one.id for one in latest))
    modules = [one for one in latest if one.id in declaring or Address.from_repository(one.owner, one.name) is not None]
    for repository in modules[:_MOST_REPOSITORIES]:
        tags = {tag.name: tag.sha for tag in github.refs.tags(repository.full_name)}
        with ctx.write() as session:
            told = releases.notice_tags(
                session, installation_id=installation.id, repository_id=repository.id, tags=tags
            )
        if told:
            logger.info("found tags, new or moved, that no event told of", repository=repository.full_name, tags=told)
