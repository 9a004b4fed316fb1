"""A release was published, by hand or by us; the tag tells which."""

from bot.handlers import tags
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import ReleasePayload


def handle(payload: ReleasePayload, _hearing: Hearing) -> Change | Ignored:
    if payload.action != "published" or payload.release.draft:
        return Ignored("only a published release has a tag for sure")
    return tags.appeared(payload, payload.release.tag_name)
