"""The ledger of calls, as a port, and its rules: what may be spent, and when an API that is away is left alone.

A call is reserved at the most it can cost before it is made, and settled after. Values only: knows no database. Twins:
`MemoryLedger` here and `workers.ledger.DatabaseLedger`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, Protocol, get_args

from core import clock
from core.errors import SettingsError, Transient
from generator.models import Purpose
from generator.prices import Prices, dollars
from generator.request import Usage, WriterRefusedError

Scope = Literal["job", "person", "repository", "organisation", "month"]
_DEFAULT_CAPS: Mapping[Scope, int] = MappingProxyType(
    {
        "job": 3_000_000,
        "person": 20_000_000,
        "repository": 50_000_000,
        "organisation": 100_000_000,
        "month": 1_000_000_000,
    }
)
_FAILURES_BEFORE_REST = 3
_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 30.0, 600.0
AWAY = "away"
"""The stop reason of a call that the API did not answer."""


class BudgetError(WriterRefusedError):
    """A cap would be passed. `frees_at` is None where waiting does not help."""

    def __init__(self, message: str, scope: Scope, frees_at: datetime | None) -> None:
        super().__init__(message)
        self.scope = scope
        self.frees_at = frees_at


class AwayError(Transient):
    """Claude does not answer for now. `begun`: an answer had begun, and may be charged."""

    def __init__(self, message: str, retry_after: float | None = None, *, begun: bool = False) -> None:
        super().__init__(message, retry_after)
        self.begun = begun


@dataclass(frozen=True)
class Payer:
    """On whose account a call goes. An empty name counts for nobody."""

    job: str = ""
    person: str = ""
    repository: str = ""
    organisation: str = ""


@dataclass(frozen=True)
class Call:
    """One call, before it is made. `number` tells calls of one job with the same prompt apart."""

    payer: Payer
    purpose: Purpose
    model: str
    prompt_sha256: str
    number: int
    most_micros: int


@dataclass(frozen=True)
class Reserved:
    """Room for one call. `answer`: this job has made and paid this very call before, and this is what it got."""

    id: int
    most_micros: int = 0
    answer: str | None = None


@dataclass(frozen=True)
class Settlement:
    """What a call came to."""

    cost_micros: int
    usage: Mapping[str, int]
    stop_reason: str
    api_request_id: str | None
    answer: str


@dataclass(frozen=True)
class Caps:
    """Millionths of a dollar: a job in all; a person, a repository, an organisation a day; all a month. UTC."""

    micros: Mapping[Scope, int] = field(default_factory=lambda: _DEFAULT_CAPS)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Caps":
        """The defaults with `scope: dollars` over them."""
        caps = dict(_DEFAULT_CAPS)
        for name, text in given.items():
            scope = next((known for known in get_args(Scope) if known == name), None)
            try:
                amount = float(text)
            except ValueError:
                amount = -1.0
            if scope is None or not 0 <= amount <= 1e9:
                raise SettingsError(
                    f"TERRASMITH_ANTHROPIC_CAPS is wrong: `{name[:40]}={text[:40]}` is not one of "
                    f"{', '.join(get_args(Scope))} with dollars, such as `job=3`."
                )
            caps[scope] = round(amount * 1_000_000)
        return cls(caps)

    def check(self, call: Call, used: Mapping[Scope, int], now: datetime) -> None:
        """Raises BudgetError where this call, at its most, does not fit under every cap. `used` has open ones too."""
        for scope, cap in self.micros.items():
            spent = used.get(scope, 0)
            if spent + call.most_micros > cap:
                raise BudgetError(_over(scope, call, cap, spent, frees_at(scope, now)), scope, frees_at(scope, now))


def since(scope: Scope, now: datetime) -> datetime | None:
    """From when on a scope counts; None: from the beginning."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return None if scope == "job" else day.replace(day=1) if scope == "month" else day


def frees_at(scope: Scope, now: datetime) -> datetime | None:
    """When a scope counts anew."""
    start = since(scope, now)
    if start is None:
        return None
    return (start + timedelta(days=32)).replace(day=1) if scope == "month" else start + timedelta(days=1)


def rest(recent: Sequence[tuple[datetime, bool]], now: datetime) -> float:
    """For how many seconds the API is to be left alone. `recent`: when calls ended, and if it was away."""
    failures = next((index for index, (_, away) in enumerate(recent) if not away), len(recent))
    if failures < _FAILURES_BEFORE_REST:
        return 0.0
    pause = min(_FIRST_REST_SECONDS * 2 ** (failures - _FAILURES_BEFORE_REST), _LONGEST_REST_SECONDS)
    return max(0.0, (recent[0][0] + timedelta(seconds=pause) - now).total_seconds())


def admit(
    call: Call, caps: Caps, used: Mapping[Scope, int], recent: Sequence[tuple[datetime, bool]], now: datetime
) -> None:
    """The rules of every ledger, before a call: raises AwayError or BudgetError."""
    wait = rest(recent, now)
    if wait > 0:
        raise AwayError("Claude does not answer; I try again by myself.", wait)
    caps.check(call, used, now)


class Ledger(Protocol):
    """Every call of a model. A retried job gets what it has paid for; what a crash left open counts at its most."""

    def reserve(self, call: Call) -> Reserved:
        """Room for the call. Raises BudgetError, or AwayError while the API is left alone."""
        ...

    def settle(self, reserved: Reserved, settlement: Settlement) -> None:
        """The call was answered."""
        ...

    def drop(self, reserved: Reserved, why: str, *, charged: bool) -> None:
        """The call was not answered. `charged`: it may have cost something all the same, and counts at its most."""
        ...


@dataclass
class Purse:
    """What one job spends with: a ledger, on somebody's account, at some table's prices."""

    ledger: Ledger
    prices: Prices
    payer: Payer = Payer()
    _numbers: dict[str, int] = field(default_factory=dict)

    def reserve(self, purpose: Purpose, model: str, request: str, room: int) -> Reserved:
        """Room for one call of this request."""
        data = request.encode()
        digest = hashlib.sha256(data).hexdigest()
        self._numbers[digest] = number = self._numbers.get(digest, 0) + 1
        most = self.prices.most(model, len(data), room)
        reserved = self.ledger.reserve(Call(self.payer, purpose, model, digest, number, most))
        return replace(reserved, most_micros=most)

    def settle(self, reserved: Reserved, usage: Usage, stop_reason: str, request_id: str | None, answer: str) -> Usage:
        """Write down what the call came to; the usage with its cost."""
        cost = self.prices.cost(usage.model, usage)
        tokens = {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cache_read": usage.cache_read_tokens,
            "cache_write": usage.cache_write_tokens,
        }
        if reserved.answer is None:
            self.ledger.settle(reserved, Settlement(cost, tokens, stop_reason, request_id, answer))
        return replace(usage, cost_micros=cost, reserved_micros=reserved.most_micros)


@dataclass
class _Line:
    call: Call
    reserved_at: datetime
    state: str = "reserved"
    ended_at: datetime | None = None
    why: str = ""
    settlement: Settlement | None = None

    @property
    def counts(self) -> int:
        if self.state == "released":
            return 0
        return self.settlement.cost_micros if self.settlement else self.call.most_micros

    def end(self, state: str, why: str = "", settlement: Settlement | None = None) -> None:
        self.state, self.why, self.settlement, self.ended_at = state, why, settlement, clock.now()


class MemoryLedger:
    """A ledger of one process, for a laptop and for tests. Not safe for threads."""

    def __init__(self, caps: Caps | None = None) -> None:
        self._caps = caps or Caps()
        self._lines: list[_Line] = []

    def reserve(self, call: Call) -> Reserved:
        now = clock.now()
        for number, line in enumerate(self._lines):
            one = line.call
            if (one.payer.job, one.prompt_sha256, one.number) != (call.payer.job, call.prompt_sha256, call.number):
                continue
            if line.settlement is not None:
                return Reserved(number, answer=line.settlement.answer)
            if line.state == "reserved":
                line.end("lost", "its worker vanished")
        used = {scope: self._used(scope, call.payer, now) for scope in get_args(Scope)}
        ended = [(line.ended_at, line.why == AWAY) for line in self._lines if line.ended_at is not None]
        admit(call, self._caps, used, sorted(ended, reverse=True), now)
        self._lines.append(_Line(call, now))
        return Reserved(len(self._lines) - 1)

    def settle(self, reserved: Reserved, settlement: Settlement) -> None:
        self._lines[reserved.id].end("settled", settlement.stop_reason, settlement)

    def drop(self, reserved: Reserved, why: str, *, charged: bool) -> None:
        self._lines[reserved.id].end("lost" if charged else "released", why)

    def _used(self, scope: Scope, payer: Payer, now: datetime) -> int:
        name, start = "" if scope == "month" else getattr(payer, scope), since(scope, now)
        if not name and scope != "month":
            return 0
        return sum(
            line.counts
            for line in self._lines
            if (scope == "month" or getattr(line.call.payer, scope) == name)
            and (start is None or line.reserved_at >= start)
        )


def _over(scope: Scope, call: Call, cap: int, spent: int, frees: datetime | None) -> str:
    who = {
        "job": "this request",
        "person": f"requests of `{call.payer.person}` a day",
        "repository": f"requests in `{call.payer.repository}` a day",
        "organisation": f"requests of `{call.payer.organisation}` a day",
        "month": "all requests a month",
    }[scope]
    when = f"It frees up on {frees:%Y-%m-%d at %H:%M} UTC." if frees else "Ask for less, or in parts."
    return (
        f"The next call of Claude could pass a cap. For {who} it is {dollars(cap)}; {dollars(spent)} is used or set "
        f"aside, and the call may cost up to {dollars(call.most_micros)}. {when} Whoever runs me sets the caps."
    )
