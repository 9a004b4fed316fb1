"""The ledger in the database: the generator's rules over the rows of `accounts.spending`, in one unit of work."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import get_args

from sqlalchemy.orm import Session

from accounts import spending as rows
from core import clock
from generator import spending
from generator.spending import AWAY, Call, Caps, Payer, Reserved, Scope, Settlement

Write = Callable[[], AbstractContextManager[Session]]


class DatabaseLedger:
    """Implements `generator.spending.Ledger`. `write` opens a unit of work; a job's own is fenced by its claim."""

    def __init__(self, write: Write, caps: Caps) -> None:
        self._write = write
        self._caps = caps

    def reserve(self, call: Call) -> Reserved:
        payer = call.payer
        with self._write() as session:
            rows.alone(session)
            known = rows.latest(session, payer.job, call.prompt_sha256, call.number)
            if known is not None and known.state == "settled" and known.answer is not None:
                return Reserved(known.id, answer=known.answer)
            if known is not None and known.state == "reserved":
                rows.end(session, known.id, "lost", stop_reason="its worker vanished")
        with self._write() as session:
            rows.alone(session)
            recent = [(at, why == AWAY) for at, why in rows.recent(session)]
            spending.admit(call, self._caps, standing(session, payer), recent, clock.now())
            line = rows.reserve(
                session,
                job=payer.job,
                person=payer.person,
                repository=payer.repository,
                organisation=payer.organisation,
                purpose=call.purpose,
                model=call.model,
                prompt_sha256=call.prompt_sha256,
                number=call.number,
                reserved_micros=call.most_micros,
            )
        return Reserved(line)

    def settle(self, reserved: Reserved, settlement: Settlement) -> None:
        with self._write() as session:
            rows.end(
                session,
                reserved.id,
                "settled",
                cost_micros=settlement.cost_micros,
                usage=dict(settlement.usage),
                stop_reason=settlement.stop_reason,
                api_request_id=settlement.api_request_id,
                answer=settlement.answer,
            )

    def drop(self, reserved: Reserved, why: str, *, charged: bool) -> None:
        with self._write() as session:
            rows.end(session, reserved.id, "lost" if charged else "released", stop_reason=why)


def standing(session: Session, payer: Payer) -> dict[Scope, int]:
    """What is used now under each cap."""
    now = clock.now()
    used: dict[Scope, int] = {}
    for scope in get_args(Scope):
        start = spending.since(scope, now)
        if scope == "month":
            used[scope] = rows.used(session, None, "", start)
        elif name := getattr(payer, scope):
            used[scope] = rows.used(session, scope, name, start)
    return used
