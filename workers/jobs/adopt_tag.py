"""A tag appeared, or a release was published by hand: take it on as a release, or say why it is none.

Safe to repeat: one release row for each tag; our own tags are recognised and left to the job that makes them.
"""

from bot import check_text, checks, declarations, releases, tag_meaning
from bot.check_text import Output
from bot.github.gateway import InstallationClient
from bot.github.values import Repository
from bot.tag_meaning import Meaning
from core.log import get_logger
from tfmodule.address import Address
from workers.context import JobContext
from workers.declaring import DeclarationError, declared_at

logger = get_logger(__name__)


def run(
    ctx: JobContext,
    *,
    installation_id: int,
    repository_id: int,
    tag: str,
    by_id: int | None = None,
    by_login: str | None = None,
) -> None:
    """Adopt the tag; one that is no strict version, or a second one for a version, gets a check that says so."""
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    if repository is None:
        return
    commit = github.refs.tag_commit(repository.full_name, tag)
    if commit is None:
        return  # deleted again before we looked
    meaning = _meaning(ctx, github, repository, commit, tag)
    if meaning is None:
        return
    try:
        with ctx.write() as session:
            release = releases.adopt(
                session,
                installation_id=installation_id,
                repository_id=repository_id,
                repository=repository.full_name,
                tag=tag,
                commit_sha=commit,
                meaning=meaning,
                by=releases.By(by_id, by_login) if by_id is not None and by_login is not None else None,
            )
            second = releases.is_second_tag(session, release.id)
    except releases.TagTooLongError as error:
        _tell(ctx, github, repository, commit, tag, check_text.too_long(tag, error.message))
        return
    if (release.version is not None and not second) or meaning.silent:
        return
    if second:
        output = check_text.second_tag(tag, release.reason or "")
    elif meaning.unreadable:
        output = check_text.undeclared(tag, meaning.reason or "")
    else:
        output = check_text.no_version(tag, meaning)
    _tell(ctx, github, repository, commit, tag, output)


def _meaning(
    ctx: JobContext, github: InstallationClient, repository: Repository, commit: str, tag: str
) -> Meaning | None:
    """What the tag means at its commit; None where nothing is a module, by name or by declaration."""
    declared = declared_at(github, repository.full_name, commit)
    if declared is None and Address.from_repository(repository.owner, repository.name) is not None:
        return tag_meaning.plain(tag)
    if declared is None:
        with ctx.read() as session:
            known = declarations.declares(session, repository.id)
        return tag_meaning.too_old() if known else None
    with ctx.write() as session:
        declarations.note(session, repository.id)
    if isinstance(declared, DeclarationError):
        return tag_meaning.undeclared(declared)
    return tag_meaning.declared(declared, tag)


def _tell(
    ctx: JobContext, github: InstallationClient, repository: Repository, commit: str, tag: str, output: Output
) -> None:
    """Show on the commit why nothing is published."""
    logger.info("a tag is no version", repository=repository.full_name, tag=tag, title=output["title"])
    kind = checks.of_version(tag)
    with ctx.write() as session:
        told = checks.find(session, repository.id, commit, kind)
        if told is not None and told.conclusion is not None:
            return  # one tag is heard of more than once
        check = checks.begin(session, repository.id, commit, kind)
    check_run = github.checks.start(repository.full_name, commit, check_text.version_check(tag), check.id)
    github.checks.finish(repository.full_name, check_run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
        checks.conclude(session, check.id, output["conclusion"], None)
