"""A push. Pull requests speak for branches themselves; what concerns us is a tag that was not deleted, and whether
`.terrasmith.hcl` was written: from then on the repository's tags and pull requests are our business.
"""

from sqlalchemy.orm import Session

from bot import declarations
from bot.handlers import tags
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import PushPayload


def handle(payload: PushPayload, _hearing: Hearing) -> Change | Ignored:
    if payload.ref.startswith("refs/heads/") and payload.installation and declarations.touches_file(payload.commits):
        return _remembered(payload.repository.id)
    if payload.deleted or not payload.ref.startswith("refs/tags/"):
        return Ignored("not a tag that was pushed")
    return tags.appeared(payload, payload.ref.removeprefix("refs/tags/"))


def _remembered(repository_id: int) -> Change:
    def change(session: Session) -> Ignored | None:
        return None if declarations.note(session, repository_id) else Ignored("known to declare its modules")

    return change
