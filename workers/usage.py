"""What modules cost, for the people of one repository: their own sums, and never those of another organisation."""

from typing import get_args

from accounts import spending as rows
from bot import replies, requests
from bot.replies import Reply
from bot.requests import RequestView
from core import clock
from generator import spending
from generator.spending import Scope
from workers import ledger
from workers.commenter import payer
from workers.context import JobContext

_WHOSE: dict[Scope, str] = {"person": "You", "repository": "This repository", "organisation": "The organisation"}


def reply(ctx: JobContext, request: RequestView) -> Reply:
    """The caps of a day with what is used of them, and the month's cost for each module that was published."""
    owner = request.repository.partition("/")[0]
    own = payer(request)
    caps = ctx.environment.caps.micros
    month = spending.since("month", clock.now())
    assert month is not None  # only a job's sum has no beginning
    with ctx.read() as session:
        used = ledger.standing(session, own)
        spent = rows.used(session, "organisation", owner, month)
        published = requests.published_since(session, owner, month)
    told = [(_WHOSE[one], used.get(one, 0), caps[one]) for one in get_args(Scope) if one in _WHOSE]
    return replies.usage(request, told, spent, published)
