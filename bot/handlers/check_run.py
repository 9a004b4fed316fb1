"""Somebody pressed "Re-run" on one of our check runs. Everything else about check runs we know ourselves."""

from bot.handlers.check_suite import judge_again
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import CheckRunPayload


def handle(payload: CheckRunPayload, hearing: Hearing) -> Change | Ignored:
    return judge_again(payload, hearing)
