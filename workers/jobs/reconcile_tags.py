"""At the start and every quarter of an hour: tags that nobody told us of. GitHub sends no event for a push of more than
three tags at once (G4), and a webhook may be lost for good.

Safe to repeat: a tag that has a release is known, and telling twice of one makes one release.
"""

from collections.abc import Callable

from bot import declarations, installations, releases
from bot.github.errors import GitHubError
from bot.github.gateway import InstallationClient
from bot.github.values import Repository
from bot.installations import InstallationView
from core import log
from core.errors import Transient, UserError
from tfmodule.address import Address
from workers.context import JobContext
from workers.declaring import Declaration, declared_at

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
    named = {one.id for one in latest if Address.from_repository(one.owner, one.name) is not None}
    modules = [one for one in latest if one.id in declaring | named]
    for repository in modules[:_MOST_REPOSITORIES]:
        tags = {tag.name: tag.sha for tag in github.refs.tags(repository.full_name)}
        begins = _anything if repository.id in named else _declared(github, repository)
        with ctx.write() as session:
            told = releases.notice_tags(
                session, installation_id=installation.id, repository_id=repository.id, tags=tags, concerns=begins
            )
        if told:
            logger.info("found tags, new or moved, that no event told of", repository=repository.full_name, tags=told)


def _anything(_tag: str) -> bool:
    return True


def _declared(github: InstallationClient, repository: Repository) -> Callable[[str], bool]:
    """Whether a tag begins like a module declared on the default branch: a monorepo has many others."""
    head = github.refs.head(repository.full_name, repository.default_branch)
    declaration = declared_at(github, repository.full_name, head) if head is not None else None
    if not isinstance(declaration, Declaration):
        return lambda _tag: False
    return lambda tag: declaration.module_of(tag) is not None
