"""A push. Pull requests speak for branches themselves; only tags that were not deleted concern us."""

from bot.handlers import tags
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import PushPayload


def handle(payload: PushPayload, _hearing: Hearing) -> Change | Ignored:
    if payload.deleted or not payload.ref.startswith("refs/tags/"):
        return Ignored("not a tag that was pushed")
    return tags.appeared(payload, payload.ref.removeprefix("refs/tags/"))
