"""A pull request of a module was merged: choose the version, tag the merge commit, and publish the GitHub release.

Converges from any crash point: the release row is unique for the merge, the tag for its name, the release for its tag.
"""

from bot import check_text, checks, pull_text, releases, requests
from bot.github.errors import RefusedByRulesError, TagTakenError
from bot.github.gateway import InstallationClient
from bot.github.values import Pull
from bot.releases import By, ReleaseView, next_version
from core.log import get_logger
from tfmodule.address import Address
from tfmodule.archive import ArchiveError
from tfmodule.version import Version
from workers import proving
from workers.context import JobContext
from workers.declaring import FILE, declared_at
from workers.judging import fetch, module_of

logger = get_logger(__name__)


def run(
    ctx: JobContext,
    *,
    installation_id: int,
    repository_id: int,
    number: int,
    merge_sha: str,
    by_id: int | None = None,
    by_login: str | None = None,
) -> None:
    """Plan, tag, draft, publish: each step looks first whether it is done."""
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    address = Address.from_repository(repository.owner, repository.name) if repository is not None else None
    if repository is None or address is None:
        return
    name = repository.full_name
    pull = github.pulls.get(name, number)
    if declared_at(github, name, merge_sha) is not None:
        _leave_to_tags(ctx, repository_id, pull)
        return
    tags = github.refs.tags(name)
    # Asked before the transaction: an engine may work on it for a while.
    least = _least(ctx, github, name, address, merge_sha)
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, number)
        if request is not None:
            request = requests.mark_merged(session, request.id, number, pull.url)
            assert request.run is not None
            requests.start_step(session, request.run.id, "release")
        earlier = releases.find_by_merge(session, repository_id, number)
        # A tag that our own earlier attempt put on this very commit is ours to go on with, not taken.
        others = [tag.name for tag in tags if earlier is None or (tag.name, tag.sha) != (earlier.tag, merge_sha)]
        taken = (*releases.known_versions(session, repository_id), *releases.versions_in(others))
        release = releases.plan(
            session,
            installation_id=installation_id,
            repository_id=repository_id,
            repository=name,
            pull_number=number,
            merge_sha=merge_sha,
            version=max(next_version(taken), least),
            by=By(by_id, by_login) if by_id is not None and by_login is not None else None,
        )
    if release.state not in ("planned", "tagged"):
        return
    try:
        _make(ctx, github, name, release, pull_text.release_notes(pull.title, pull.number, pull.author))
    except (TagTakenError, RefusedByRulesError) as error:
        _tell_refusal(ctx, github, name, release, error.message)
        raise  # parked where an operator finds it; a retry plans anew


def _least(ctx: JobContext, github: InstallationClient, name: str, address: Address, sha: str) -> Version:
    """The least version that tells users what changed; `0.0.0` where nothing was published, or nobody can read it.

    Raises NotComparableError, before there is a tag, where the earlier archive cannot be read.
    """
    try:
        return proving.least_after_highest(ctx, module_of(fetch(github, name, sha)), address)
    except ArchiveError:
        return Version(0, 0, 0)  # the publication refuses it, with the reason


def _leave_to_tags(ctx: JobContext, repository_id: int, pull: Pull) -> None:
    """Which of several modules a merge is a version of, nobody has said: their versions come from tags."""
    logger.info("a merge releases nothing where modules are declared", repository=pull.repo, pull=pull.number)
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, pull.number)
        if request is not None:
            requests.mark_merged(session, request.id, pull.number, pull.url)
            reason = (
                f"The repository declares its modules in `{FILE}`: push the version's tag with the module's prefix."
            )
            requests.fail(session, request.id, reason)


def _make(ctx: JobContext, github: InstallationClient, name: str, release: ReleaseView, notes: str) -> None:
    # The tag first: a draft release makes none, and tools that look for it would break (G30).
    github.refs.ensure_tag(name, release.tag, release.commit_sha)
    with ctx.write() as session:
        releases.mark_tagged(session, release.id)
    made = github.releases.find(name, release.tag)
    if made is None:
        made = github.releases.create_draft(name, release.tag, release.commit_sha, release.tag, notes)
    if made.draft:
        made = github.releases.publish(name, made.id)
    with ctx.write() as session:
        releases.mark_released(session, release.id, made.id)
        request = requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        if request is not None:
            requests.mark_released(session, request.id, release.tag, made.url)


def _tell_refusal(ctx: JobContext, github: InstallationClient, name: str, release: ReleaseView, reason: str) -> None:
    """On the merge commit, and in the living comment if a request waits for it."""
    with ctx.write() as session:
        releases.refuse(session, release.id, reason)
        check = checks.begin(session, release.repository_id, release.commit_sha, checks.of_version(release.tag))
        request = requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        if request is not None:
            requests.fail(session, request.id, reason)
    run = github.checks.start(name, release.commit_sha, check_text.version_check(release.tag), check.id)
    output = check_text.not_released(release.tag, reason)
    github.checks.finish(name, run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, run)
        checks.conclude(session, check.id, output["conclusion"], None)
