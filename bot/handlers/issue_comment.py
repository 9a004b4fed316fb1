"""A comment on an issue or a pull request: only a new one, only by a person (S9, S12: edits and bots never command)."""

from sqlalchemy.orm import Session

from bot import commands, requests
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.handlers.speaking import new_request
from bot.payloads import IssueCommentPayload


def handle(payload: IssueCommentPayload, hearing: Hearing) -> Change | Ignored:
    if payload.action != "created":
        return Ignored("only new comments count")
    comment = payload.comment
    new = new_request(
        payload,
        hearing,
        author=comment.user,
        via_app=comment.performed_via_github_app is not None,
        command=commands.parse(comment.body),
        source=f"comment:{payload.repository.id}:{comment.id}",
        comment_id=comment.id,
    )
    if isinstance(new, Ignored):
        return new

    def change(session: Session) -> None:
        requests.receive(session, new)

    return change
