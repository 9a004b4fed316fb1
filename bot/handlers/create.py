"""A branch or a tag was made. Only tags concern us."""

from bot.handlers import tags
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import CreatePayload


def handle(payload: CreatePayload, _hearing: Hearing) -> Change | Ignored:
    return tags.appeared(payload, payload.ref) if payload.ref_type == "tag" else Ignored("not a tag")
