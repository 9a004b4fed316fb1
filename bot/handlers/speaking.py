"""Who may be heard at all: a person, who wrote it themselves. What they may do is asked of GitHub later (S7)."""

from datetime import datetime
from typing import Any

from bot.commands import Command
from bot.handlers.outcome import Hearing, Ignored
from bot.markdown import visible
from bot.payloads import Account, Issue, IssueCommentPayload, IssuesPayload
from bot.requests import NewRequest

_LONGEST_TEXT = 20_000


def new_request(
    payload: IssueCommentPayload | IssuesPayload,
    _hearing: Hearing,
    *,
    author: Account | None,
    via_app: bool,
    command: Command | None,
    source: str,
    comment_id: int | None,
    said_at: datetime | None,
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
        said_at=_aware(said_at),
        issue=_snapshot(payload.issue) if command.name == "generate" else None,
    )


def _snapshot(issue: Issue) -> dict[str, Any]:
    """The issue as it was when the command was given: what somebody makes of it later does not count (S12)."""
    author = (
        {"author_login": issue.user.login, "author_id": issue.user.id} if issue.user and not issue.user.is_bot else {}
    )
    return {"title": visible(issue.title)[:500], "body": visible(issue.body or "")[:_LONGEST_TEXT], **author}


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment.tzinfo is not None else None
