"""Somebody pressed "Re-run" on all our checks of a commit: its pull requests and its version are judged again."""

from sqlalchemy.orm import Session

from bot import checks, releases
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import CheckRunPayload, CheckSuitePayload
from core import events, outbox


def handle(payload: CheckSuitePayload, hearing: Hearing) -> Change | Ignored:
    return judge_again(payload, hearing)


def judge_again(payload: CheckSuitePayload | CheckRunPayload, hearing: Hearing) -> Change | Ignored:
    """The same for one check run and for a suite of them."""
    about = payload.check_suite if isinstance(payload, CheckSuitePayload) else payload.check_run
    repository_id = payload.repository.id
    if payload.action != "rerequested":
        return Ignored("nobody asked for it again")
    if payload.installation is None:
        return Ignored("no installation")
    if hearing.app_id is not None and (about.app is None or about.app.id != hearing.app_id):
        return Ignored("another app's check")
    installation_id = payload.installation.id
    # A pull request of a fork may be listed with the fork's number for it; the base tells.
    numbers = [pull.number for pull in about.pull_requests if pull.base.repo.id == repository_id]

    def change(session: Session) -> Ignored | None:
        pull = checks.find(session, repository_id, about.head_sha, checks.PULL)
        tagged = [
            release
            for release in releases.find_by_commit(session, repository_id, about.head_sha)
            if checks.find(session, repository_id, about.head_sha, checks.of_version(release.tag))
        ]
        if pull is not None:
            for number in numbers:
                outbox.record(
                    session,
                    events.PullRequestChanged(
                        installation_id=installation_id,
                        repository_id=repository_id,
                        number=number,
                        head_sha=about.head_sha,
                    ),
                )
        for release in tagged:
            releases.retry(session, release.id)
        return None if pull is not None or tagged else Ignored("not a check of ours")

    return change
