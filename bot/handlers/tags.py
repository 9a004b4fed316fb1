"""A tag in a module's repository, however we hear of it: `create`, `push` or `release`. All may come for one tag."""

from sqlalchemy.orm import Session

from bot import declarations
from bot.handlers.ours import concerns_us
from bot.handlers.outcome import Change, Ignored
from bot.payloads import CreatePayload, PushPayload, ReleasePayload
from core import events, outbox


def appeared(payload: CreatePayload | PushPayload | ReleasePayload, tag: str) -> Change | Ignored:
    """Tell the system of the tag."""
    if payload.installation is None:
        return Ignored("no installation")
    by = payload.sender
    event = events.TagAppeared(
        installation_id=payload.installation.id,
        repository_id=payload.repository.id,
        tag=tag,
        by_id=by.id if by else None,
        by_login=by.login if by else None,
    )

    def change(session: Session) -> Ignored | None:
        if not concerns_us(session, payload.repository) and not declarations.may_declare(tag):
            return Ignored("not a module's repository")
        outbox.record(session, event)
        return None

    return change
