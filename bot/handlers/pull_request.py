"""A pull request of a module's repository: a new head is checked, a merge becomes a version, a close ends it."""

from sqlalchemy.orm import Session

from bot.handlers.ours import concerns_us
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import PullRequestPayload
from core import events, outbox


def handle(payload: PullRequestPayload, _hearing: Hearing) -> Change | Ignored:
    event = _event(payload)
    if isinstance(event, Ignored):
        return event

    def change(session: Session) -> Ignored | None:
        if not concerns_us(session, payload.repository, payload.pull_request.head.ref):
            return Ignored("not a module's repository")
        outbox.record(session, event)
        return None

    return change


def _event(payload: PullRequestPayload) -> events.Event | Ignored:
    if payload.installation is None:
        return Ignored("no installation")
    installation, repository, pull = payload.installation.id, payload.repository, payload.pull_request
    if payload.action in {"opened", "reopened", "synchronize"}:
        return events.PullRequestChanged(
            installation_id=installation, repository_id=repository.id, number=pull.number, head_sha=pull.head.sha
        )
    if payload.action != "closed":
        return Ignored("nothing of it changed that we look at")
    if not pull.merged:
        return events.PullRequestAbandoned(
            installation_id=installation, repository_id=repository.id, number=pull.number
        )
    if pull.merge_commit_sha is None or pull.base.ref != repository.default_branch:
        return Ignored("merged, but not into the default branch")
    by = pull.merged_by or payload.sender
    return events.PullRequestMerged(
        installation_id=installation,
        repository_id=repository.id,
        number=pull.number,
        merge_sha=pull.merge_commit_sha,
        by_id=by.id if by else None,
        by_login=by.login if by else None,
    )
