"""A comment on an issue or a pull request: only a new one, only by a person (S9, S12: edits and bots never command).

A comment that quotes a question of ours is an answer without a command.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from bot import answers, commands, conversations, requests
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.handlers.speaking import new_request
from bot.payloads import IssueCommentPayload


def handle(payload: IssueCommentPayload, hearing: Hearing) -> Change | Ignored:
    if payload.action != "created":
        return Ignored("only new comments count")
    comment = payload.comment
    command = commands.parse(comment.body)
    quoted = answers.quoted(comment.body or "") if command is None or command.name == commands.ANSWER else ""
    said = command or (answers.command(comment.body or "") if quoted else None)
    new = new_request(
        payload,
        hearing,
        author=comment.user,
        via_app=comment.performed_via_github_app is not None,
        command=said,
        source=f"comment:{payload.repository.id}:{comment.id}",
        comment_id=comment.id,
        said_at=comment.created_at,
    )
    if isinstance(new, Ignored):
        return new

    def change(session: Session) -> Ignored | None:
        asked = conversations.quotable_on(session, new.repository_id, new.issue_number) if quoted else ()
        meant = next((one for one in asked if answers.is_quoted(one.text, quoted)), None)
        if command is None and meant is None:
            return Ignored("no command")
        requests.receive(session, replace(new, options={**new.options, "question": meant.id}) if meant else new)
        return None

    return change
