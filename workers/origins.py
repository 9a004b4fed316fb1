"""Gathers what a version's provenance needs from the bot's rows, GitHub and this process, as plain values."""

import hashlib
import platform
import zlib
from collections.abc import Mapping
from importlib import metadata

from bot import drafts, requests
from bot.github.values import Repository
from bot.releases import ReleaseView
from bot.requests import RequestView
from gate.report import Report
from registry.services.provenance import Asked, Origin, Person
from workers.context import JobContext


def tools() -> Mapping[str, str]:
    """What packs an archive here. The engine stands in the gate's part."""
    return {
        "terrasmith": metadata.version("terrasmith"),
        "python": platform.python_version(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def origin_of(ctx: JobContext, repository: Repository, release: ReleaseView, report: Report) -> Origin:
    """Where a release's version comes from; what we do not know is left out."""
    github = ctx.environment.github.installation(release.installation_id)
    commit = github.commits.get(repository.full_name, release.commit_sha)
    with ctx.read() as session:
        request = requests.find_by_pull(session, repository.id, release.pull_number or 0)
        draft = drafts.load(session, request.run.id) if request is not None and request.run is not None else None
    return Origin(
        tree=commit.tree_sha if commit is not None else None,
        asked_by=Person(request.author_id, request.author_login) if request is not None else None,
        released_by=_releaser(release),
        request=_asked(request, draft) if request is not None else None,
        pull_number=release.pull_number,
        report_digest=report.digest,
        tools=tools(),
    )


def origin_of_upload(report: Report) -> Origin:
    """What is known of an archive that was sent: no commit and no person, only who judged it, and with what."""
    return Origin(report_digest=report.digest, tools=tools())


def _asked(request: RequestView, draft: drafts.DraftView | None) -> Asked:
    return Asked(
        request_id=request.id,
        prompt_sha256=hashlib.sha256(request.prompt.encode()).hexdigest(),
        writer=draft.source if draft is not None else None,
        instructions_sha256=draft.instructions_sha256 if draft is not None else None,
        report_digest=draft.report.digest if draft is not None else None,
    )


def _releaser(release: ReleaseView) -> Person | None:
    if release.released_by_id is None or release.released_by_login is None:
        return None
    return Person(release.released_by_id, release.released_by_login)
