"""A release exists: fetch its commit, have the gate judge it, store the canonical archive, publish the version.

Safe to repeat: the archive is stored under its digest, the version is unique, and the same bytes give the same answer.
"""

from dataclasses import replace

from bot import check_text, checks, releases, requests
from bot.github.gateway import InstallationClient
from bot.github.values import Repository
from bot.releases import ReleaseView
from core.errors import UserError
from gate.report import Report
from registry.services import publishing
from registry.services.publishing import PreparedArchive, PublishVersion
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface
from tfmodule.version import Version
from workers.context import JobContext
from workers.judging import fetch, module_of, unreadable
from workers.origins import origin_of


def run(ctx: JobContext, *, release_id: str) -> None:
    """Judge, store, publish. A refusal is told on the commit's check, and raised, so that it can be retried."""
    with ctx.write() as session:
        release = releases.retry(session, release_id, tell=False)
    if release.state != "released":
        return
    github = ctx.environment.github.installation(release.installation_id)
    repository = github.repositories.by_id(release.repository_id)
    if repository is None:
        _refuse(ctx, release, f"The repository {release.repository} is gone, or the app may not see it any more.")
    assert repository is not None
    address = Address.from_repository(repository.owner, repository.name)
    if address is None:
        _refuse(ctx, release, f"{repository.name} is not called terraform-<system>-<name>, so it has no address.")
    assert address is not None
    _start_step(ctx, release)
    with ctx.write() as session:
        check = checks.begin(session, repository.id, release.commit_sha, "version")
    name = repository.full_name
    check_run = github.checks.start(name, release.commit_sha, check_text.VERSION_CHECK, check.id)
    report, entries = _judge(ctx, github, repository, release)
    problem = None if report.passed else check_text.one_line(report)
    if report.passed:
        problem = _publish(ctx, repository, address, release, report, entries)
    output = check_text.published(address, release, report) if problem is None else check_text.judged(report, problem)
    github.checks.finish(name, check_run, **output)
    with ctx.write() as session:
        checks.attach(session, check.id, check_run)
        checks.conclude(session, check.id, output["conclusion"], report)
    if problem is not None:
        _refuse(ctx, release, f"{release.tag} was not published: {problem}")


def _judge(
    ctx: JobContext, github: InstallationClient, repository: Repository, release: ReleaseView
) -> tuple[Report, tuple[Entry, ...]]:
    with ctx.read() as session:
        profile = "house" if requests.is_target(session, repository.id) else "safety"
    try:
        entries = fetch(github, repository.full_name, release.commit_sha)
    except ArchiveError as error:
        return unreadable(profile, error), ()
    return ctx.environment.judge(profile)({entry.path: entry.data for entry in entries}), entries


def _publish(
    ctx: JobContext,
    repository: Repository,
    address: Address,
    release: ReleaseView,
    report: Report,
    entries: tuple[Entry, ...],
) -> str | None:
    """Store and publish; the reason when the registry says no."""
    entries = module_of(entries)
    prepared = publishing.prepare(entries)
    publishing.store(ctx.environment.storage, prepared)
    origin = origin_of(ctx, repository, release, report)
    version = replace(_version(repository, address, release, report, entries, prepared), origin=origin)
    try:
        with ctx.write() as session:
            publishing.publish(session, version)
            releases.mark_published(session, release.id)
    except UserError as error:
        return error.message
    return None


def _version(
    repository: Repository,
    address: Address,
    release: ReleaseView,
    report: Report,
    entries: tuple[Entry, ...],
    prepared: PreparedArchive,
) -> PublishVersion:
    assert release.version is not None
    files = {entry.path: entry.data for entry in entries}
    return PublishVersion(
        address=address,
        version=Version.parse(release.version),
        tag=release.tag,
        commit_sha=release.commit_sha,
        repository_id=repository.id,
        account_id=repository.owner_id,
        source_url=repository.url,
        source_is_private=repository.private,
        sha256=prepared.sha256,
        h1=prepared.h1,
        size=prepared.size,
        interface=Interface.from_facts(read_facts(files)).to_dict(),
        readme=files.get("README.md", b"").decode("utf-8", "replace"),
        report=report.to_dict(),
    )


def _start_step(ctx: JobContext, release: ReleaseView) -> None:
    with ctx.write() as session:
        request = requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        if request is not None and request.run is not None:
            requests.start_step(session, request.run.id, "publish")


def _refuse(ctx: JobContext, release: ReleaseView, reason: str) -> None:
    """Write the refusal down, and park the job where an operator finds and retries it."""
    with ctx.write() as session:
        releases.refuse(session, release.id, reason)
    raise UserError(reason)
