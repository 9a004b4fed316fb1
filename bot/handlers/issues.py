"""A new issue may carry a command in its body. Edits, labels and everything else are ignored."""

from sqlalchemy.orm import Session

from bot import commands, issue_form, requests
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.handlers.speaking import new_request
from bot.payloads import IssuesPayload


def handle(payload: IssuesPayload, hearing: Hearing) -> Change | Ignored:
    if payload.action != "opened":
        return Ignored("only new issues count")
    issue = payload.issue
    new = new_request(
        payload,
        hearing,
        author=issue.user,
        via_app=issue.performed_via_github_app is not None,
        command=commands.parse(issue_form.wish(issue.body or "")),
        source=f"issue:{payload.repository.id}:{issue.number}",
        comment_id=None,
        said_at=issue.created_at,
    )
    if isinstance(new, Ignored):
        return new

    def change(session: Session) -> None:
        requests.receive(session, new)

    return change
