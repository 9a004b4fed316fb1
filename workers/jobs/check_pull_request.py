"""A pull request of a module's repository has a new head: judge it, show the check run, and make ours ready.

Safe to repeat: one check row and one check run for each head. A head that has moved on is not judged any more (S13).
In a repository that declares its modules, those are judged that the pull request touches, in one check run.
"""

from functools import partial

from bot import check_text, checks, declarations, releases, requests
from bot.check_text import Output
from bot.checks import CheckView
from bot.github.gateway import InstallationClient
from bot.github.values import Pull
from bot.requests import RequestView
from bot.version_text import NextVersion
from core.errors import Transient
from gate.report import Report
from tfmodule.address import Address
from tfmodule.version import Version
from workers.context import JobContext
from workers.declaring import Declaration, DeclarationError, declared_at
from workers.judging import judge_commit
from workers.touched import broken, judge_touched

# GitHub's answers may lag behind its events; after so many looks the head has simply moved on.
_PATIENCE = 3


def run(ctx: JobContext, *, installation_id: int, repository_id: int, number: int, head_sha: str) -> None:
    """Check run in progress, gate, conclusion with annotations; a draft of ours that passed becomes ready."""
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    if repository is None:
        return
    named = Address.from_repository(repository.owner, repository.name)
    with ctx.read() as session:
        if named is None and not declarations.declares(session, repository_id):
            return
    pull = github.pulls.get(repository.full_name, number)
    if pull.head_sha != head_sha and ctx.claim.attempt <= _PATIENCE:
        raise Transient("GitHub does not show the head yet that it told us of", retry_after=2.0)
    if pull.head_sha != head_sha or pull.state != "open":
        return
    # A fork may call its branch as it likes: only a branch of this very repository can be ours.
    own = pull.head_repository_id == repository_id
    declared = declared_at(github, repository.full_name, head_sha) if own else None
    if own and declared is None and named is None:
        return
    with ctx.write() as session:
        check = checks.begin(session, repository_id, head_sha, checks.PULL)
        request = requests.find_by_branch(session, pull.head_branch, repository_id) if own else None
        ours = requests.is_target(session, repository_id)
        if request is not None and request.run is not None and not request.final:
            # It is open: news to a request that was abandoned, or whose worker died before it could write it down.
            requests.attach_pull(session, request.id, number, pull.url)
            requests.start_step(session, request.run.id, "check")
    name = repository.full_name
    check_run = github.checks.start(name, head_sha, check_text.PULL_CHECK, check.id)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
    if not own:
        # A fork's code is somebody else's upload with nobody's permission: a maintainer takes it over first (S15).
        github.checks.finish(name, check_run, **check_text.fork())
        return
    report, output = _judge(ctx, github, pull, declared, named, "house" if ours else "safety")
    github.checks.finish(name, check_run, **output)
    if report is None:
        with ctx.write() as session:
            checks.conclude(session, check.id, output["conclusion"], None)
        return
    if report.passed and request is not None and pull.draft:
        _make_ready(github, name, pull)
    _record(ctx, check, request, report, output["conclusion"])


def _judge(
    ctx: JobContext,
    github: InstallationClient,
    pull: Pull,
    declared: Declaration | DeclarationError | None,
    named: Address | None,
    profile: str,
) -> tuple[Report | None, Output]:
    """The report, and the words for it; none where the modules of a monorepo are left alone."""
    versions: tuple[NextVersion, ...] = ()
    if declared is None:
        assert named is not None, "nothing is declared, so it is the repository's name that makes it a module"
        taken = partial(_taken, ctx, github, pull)
        report, version = judge_commit(ctx, github, pull, profile, named, taken)
        versions = (version,) if version is not None else ()
    elif isinstance(declared, DeclarationError):
        report = broken(declared, profile)
    else:
        changed = github.pulls.files(pull.repo, pull.number)
        touched = judge_touched(ctx, github, pull, declared, changed, profile)
        if touched is None:
            return None, check_text.nothing_touched(len(declared.modules))
        report, versions = touched
    return report, check_text.judged(report, versions=versions)


def _taken(ctx: JobContext, github: InstallationClient, pull: Pull) -> tuple[Version, ...]:
    """As the release counts them when the pull request is merged."""
    tags = github.refs.tags(pull.repo)
    with ctx.read() as session:
        known = releases.known_versions(session, pull.base_repository_id)
    return (*known, *releases.versions_in(tag.name for tag in tags))


def _record(ctx: JobContext, check: CheckView, request: RequestView | None, report: Report, conclusion: str) -> None:
    with ctx.write() as session:
        checks.conclude(session, check.id, conclusion, report)
        if request is None or request.run is None:
            return
        if report.passed:
            requests.finish_step(session, request.run.id, "check", check_text.one_line(report))
            requests.start_step(session, request.run.id, "merge")
        else:
            requests.fail_step(session, request.run.id, "check", check_text.one_line(report))


def _make_ready(github: InstallationClient, name: str, pull: Pull) -> None:
    # The gate took a while: if somebody pushed meanwhile, the new head has its own check, which decides.
    if github.pulls.get(name, pull.number).head_sha == pull.head_sha:
        github.pulls.mark_ready(pull)
