"""A tag appeared, or a release was published by hand: take it on as a release, or say why it is none.

Safe to repeat: one release row for each tag; our own tags are recognised and left to the job that makes them.
"""

from bot import check_text, checks, releases
from tfmodule.address import Address
from workers.context import JobContext


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
    if repository is None or Address.from_repository(repository.owner, repository.name) is None:
        return
    commit = github.refs.tag_commit(repository.full_name, tag)
    if commit is None:
        return  # deleted again before we looked
    with ctx.write() as session:
        release = releases.adopt(
            session,
            installation_id=installation_id,
            repository_id=repository_id,
            repository=repository.full_name,
            tag=tag,
            commit_sha=commit,
            by=releases.By(by_id, by_login) if by_id is not None and by_login is not None else None,
        )
        second = releases.is_second_tag(session, release.id)
    if release.version is not None and not second:
        return
    kind = checks.of_version(tag)
    with ctx.write() as session:
        told = checks.find(session, repository_id, commit, kind)
        if told is not None and told.conclusion is not None:
            return  # one tag is heard of more than once
        check = checks.begin(session, repository_id, commit, kind)
    check_run = github.checks.start(repository.full_name, commit, check_text.version_check(tag), check.id)
    write = check_text.second_tag if second else check_text.no_version
    output = write(tag, release.reason or "")
    github.checks.finish(repository.full_name, check_run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
        checks.conclude(session, check.id, output["conclusion"], None)
