"""Events that are understood and need nothing: `ping`, and `repository` (its number stays when its name changes)."""

from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import Payload


def handle(_payload: Payload, _hearing: Hearing) -> Change | Ignored:
    return Ignored("nothing to do")
