"""Who may be heard at all: a person, who wrote it themselves. What they may do is asked of GitHub later (S7)."""

from typing import Any

from bot.commands import Command
from bot.handlers.outcome import Hearing, Ignored
from bot.payloads import Account, IssueCommentPayload, IssuesPayload
from bot.requests import NewRequest


def new_request(
    payload: IssueCommentPayload | IssuesPayload,
    _hearing: Hearing,
    *,
    author: Account | None,
    via_app: bool,
    command: Command | None,
    source: str,
    comment_id: int | None,
) -> NewRequest | Ignored:
    """The request to write down, or why there is none."""
    if payload.installation is None:
        return Ignored("no installation")
    if author is None or payload.sender is None or author.id != payload.sender.id:
        return Ignored("nobody to answer")
    if author.is_bot or payload.sender.is_bot or via_app:
        return Ignored("bots never command")
    if command is None:
        return Ignored("no command")
    options: dict[str, Any] = {**command.options, "more": command.more, "hidden": command.hidden}
    return NewRequest(
        source=source,
        installation_id=payload.installation.id,
        repository_id=payload.repository.id,
        repository=payload.repository.full_name,
        issue_number=payload.issue.number,
        comment_id=comment_id,
        on_pull_request=payload.issue.pull_request is not None,
        author_login=author.login,
        author_id=author.id,
        command=command.name,
        prompt=command.prompt,
        options={key: value for key, value in options.items() if value},
        problem=command.problem,
    )
