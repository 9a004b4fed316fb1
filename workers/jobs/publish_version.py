"""A release exists: fetch its commit, have the gate judge it, store the canonical archive, publish the version.

Safe to repeat: the archive is stored under its digest, the version is unique, and the same bytes give the same answer.
"""

from dataclasses import dataclass, replace
from typing import NoReturn

from bot import check_text, checks, releases, requests
from bot.checks import CheckView
from bot.github.gateway import InstallationClient
from bot.github.values import Repository
from bot.releases import ReleaseView
from core.errors import UserError
from gate.report import Report
from registry.services import archive_claims, publishing, resolving, steps
from registry.services.publishing import PreparedArchive, PublishVersion
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry
from tfmodule.contents import Contents
from tfmodule.version import Version
from workers import calls, governing
from workers.context import JobContext
from workers.declaring import fetch_module
from workers.governing import Way
from workers.judging import judge_entries, module_of, unreadable
from workers.origins import origin_of
from workers.touched import placed


@dataclass(frozen=True)
class _Candidate:
    """A release that passed, with all that its version is made of. The entries are named from the module's folder."""

    repository: Repository
    address: Address
    release: ReleaseView
    report: Report
    entries: tuple[Entry, ...]


def run(ctx: JobContext, *, release_id: str) -> None:
    """Judge, store, publish, and show it on the commit. A refusal is raised too, so that an operator can retry it."""
    with ctx.write() as session:
        release = releases.retry(session, release_id, tell=False)
    if release.state not in ("released", "published"):
        return
    github = ctx.environment.github.installation(release.installation_id)
    repository, address = _origin(ctx, github, release)
    check = _begin(ctx, github, repository, release)
    if release.state == "published":  # by an earlier attempt that did not live to say so
        assert check.report is not None
        github.checks.finish(
            repository.full_name, _run_of(check), **check_text.published(address, release, check.report)
        )
        return
    report, entries = _judge(ctx, github, repository, address, release)
    shown = placed(report, release.path)
    problem = check_text.one_line(shown)
    if report.passed:
        problem = _publish(ctx, _Candidate(repository, address, release, report, entries), check) or ""
    if not problem:
        output = check_text.published(address, release, shown)
    else:
        output = check_text.judged(shown, problem if report.passed else None)
    github.checks.finish(repository.full_name, _run_of(check), **output)
    if problem:
        with ctx.write() as session:
            checks.conclude(session, check.id, output["conclusion"], shown)
        _refuse(ctx, release, f"{release.tag} was not published: {problem}")


def _origin(ctx: JobContext, github: InstallationClient, release: ReleaseView) -> tuple[Repository, Address]:
    """Where the version comes from, and its address; a release without them is refused."""
    repository = github.repositories.by_id(release.repository_id)
    if repository is None:
        _refuse(ctx, release, f"The repository {release.repository} is gone, or the app may not see it any more.")
    if release.module is not None:
        name, system = release.module.split("/")
        return repository, Address(repository.owner, name, system)
    address = Address.from_repository(repository.owner, repository.name)
    if address is None:
        _refuse(ctx, release, f"{repository.name} is not called terraform-<system>-<name>, so it has no address.")
    return repository, address


def _begin(ctx: JobContext, github: InstallationClient, repository: Repository, release: ReleaseView) -> CheckView:
    """The check row and the check run of the commit, and the running step in the living comment."""
    with ctx.write() as session:
        kind = checks.of_version(release.tag)
        known = checks.find(session, repository.id, release.commit_sha, kind)
        # Published, it was concluded before GitHub could show it: that judgement is the one to show.
        if known is not None and release.state == "published":
            check = known
        else:
            check = checks.begin(session, repository.id, release.commit_sha, kind)
        request = requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        if request is not None and request.run is not None and not request.final:
            requests.start_step(session, request.run.id, "publish")
    run = github.checks.start(repository.full_name, release.commit_sha, check_text.version_check(release.tag), check.id)
    with ctx.write() as session:
        return checks.attach(session, check.id, run)


def _run_of(check: CheckView) -> int:
    assert check.check_run_id is not None, "it was attached when the check began"
    return check.check_run_id


def _judge(
    ctx: JobContext, github: InstallationClient, repository: Repository, address: Address, release: ReleaseView
) -> tuple[Report, tuple[Entry, ...]]:
    with ctx.read() as session:
        profile = "house" if requests.is_target(session, repository.id) else "safety"
    try:
        entries = fetch_module(github, repository.full_name, release.commit_sha, release.path)
    except ArchiveError as error:
        return unreadable(profile, error, folder=release.path), ()
    assert release.version is not None
    way = Way(
        "generated" if profile == "house" else "github",
        f"github:{release.released_by_login}" if release.released_by_login else "",
    )
    report = judge_entries(ctx, entries, profile, address, Version.parse(release.version), way)
    return report, module_of(entries)


def _publish(ctx: JobContext, candidate: _Candidate, check: CheckView) -> str | None:
    """Store, then publish with the release and the verdict in one transaction; the reason when the registry says no."""
    prepared = publishing.prepare(candidate.entries)
    with ctx.write() as session:
        claim = archive_claims.claim(session, prepared.sha256)
    publishing.store(ctx.environment.storage, prepared)
    origin = origin_of(ctx, candidate.repository, candidate.release, candidate.report)
    needs = calls.needs(ctx, candidate.entries)
    version = replace(_version(candidate, prepared), origin=origin, needs=needs, claim=claim)
    try:
        with ctx.write() as session:
            governing.require(session, version.address, candidate.report)
            resolving.require(session, version.address, version.version, needs)
            publishing.publish(session, version)
            steps.use(session, version.address, version.version)
            releases.mark_published(session, candidate.release.id)
            checks.conclude(session, check.id, "success", placed(candidate.report, candidate.release.path))
    except UserError as error:
        return error.message
    return None


def _version(candidate: _Candidate, prepared: PreparedArchive) -> PublishVersion:
    release, repository = candidate.release, candidate.repository
    assert release.version is not None
    files = {entry.path: entry.data for entry in candidate.entries}
    return PublishVersion(
        address=candidate.address,
        version=Version.parse(release.version),
        tag=release.tag,
        commit_sha=release.commit_sha,
        repository_id=repository.id,
        path=release.path,
        account_id=repository.owner_id,
        source_url=repository.url,
        source_is_private=repository.private,
        sha256=prepared.sha256,
        h1=prepared.h1,
        size=prepared.size,
        contents=Contents.from_files(files),
        report=candidate.report.to_dict(),
    )


def _refuse(ctx: JobContext, release: ReleaseView, reason: str) -> NoReturn:
    """Write the refusal down, and park the job where an operator finds and retries it."""
    with ctx.write() as session:
        releases.refuse(session, release.id, reason)
    raise UserError(reason)
