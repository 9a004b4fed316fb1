"""The ledger's contract, on all its twins: memory, SQLite and Postgres."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts import spending as rows
from core import clock
from core.db import Database
from core.errors import SettingsError
from generator.spending import (
    AWAY,
    AwayError,
    BudgetError,
    Call,
    Caps,
    Ledger,
    MemoryLedger,
    Payer,
    Settlement,
    frees_at,
    rest,
)
from workers.ledger import DatabaseLedger

_PAYER = Payer("run_1", "ada", "acme/platform", "acme")
_CALL = Call(_PAYER, "write", "claude-opus-5-5", "a" * 64, 1, 700_000)
_DONE = Settlement(300_000, {"input": 10, "output": 20}, "end_turn", "req_1", '{"id": "msg_1"}')
_MAKE = Callable[..., Ledger]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make(request: pytest.FixtureRequest) -> Iterator[_MAKE]:
    """Makes a ledger with these caps, in dollars; it is empty at the start of a test."""
    if request.param == "memory":
        yield lambda **caps: MemoryLedger(Caps.read(caps))
        return
    database = Database(request.getfixturevalue(f"{request.param}_url"))
    yield lambda **caps: DatabaseLedger(database.unit_of_work, Caps.read(caps))
    database.dispose()


def test_a_retried_job_gets_what_it_has_paid_for(make: _MAKE) -> None:
    ledger = make(job="1")
    ledger.settle(ledger.reserve(_CALL), _DONE)
    for _ in range(3):
        assert ledger.reserve(_CALL).answer == _DONE.answer, "and no cap stands in the way of what is paid"
    assert ledger.reserve(replace(_CALL, prompt_sha256="b" * 64)).answer is None, "0.30 and 0.70 are 1.00"


def test_what_a_crash_left_open_counts_until_somebody_knows(make: _MAKE) -> None:
    ledger = make(job="1.50")
    ledger.reserve(_CALL)
    assert ledger.reserve(_CALL).answer is None, "the same call again is not the answer to the first"
    with pytest.raises(BudgetError, match=r"\$1\.40 is used or set aside"):
        ledger.reserve(replace(_CALL, number=2))


def test_what_costs_nothing_makes_room_again(make: _MAKE) -> None:
    ledger = make(job="1")
    ledger.drop(ledger.reserve(_CALL), "declined", charged=False)
    ledger.drop(ledger.reserve(_CALL), AWAY, charged=True)
    with pytest.raises(BudgetError):
        ledger.reserve(_CALL)


@pytest.mark.checklist("T-12")
@pytest.mark.parametrize(
    ("scope", "other"),
    [
        ("job", {"job": "run_2"}),
        ("person", {"job": "run_2", "person": "eve"}),
        ("repository", {"job": "run_2", "repository": "acme/other"}),
        ("organisation", {"job": "run_2", "organisation": "other"}),
        ("month", None),
    ],
)
def test_T12_every_cap_holds_before_a_call_and_says_itself(
    scope: str, other: dict[str, str] | None, make: _MAKE
) -> None:
    ledger = make(**{scope: "1"})
    ledger.settle(ledger.reserve(_CALL), replace(_DONE, cost_micros=900_000))  # it cost more than was thought
    with pytest.raises(BudgetError) as caught:
        ledger.reserve(replace(_CALL, number=2))
    assert caught.value.scope == scope
    assert all(words in caught.value.message for words in ("it is $1.00", "$0.90 is used", "up to $0.70"))
    when = frees_at(caught.value.scope, clock.now())
    assert (f"{when:%Y-%m-%d at %H:%M} UTC" if when else "Ask for less") in caught.value.message
    strange = replace(_CALL, payer=replace(_PAYER, **(other or {"job": "run_2", "person": "eve"})))
    if other is None:
        with pytest.raises(BudgetError):
            ledger.reserve(strange)
    else:
        assert ledger.reserve(strange).answer is None


def test_three_calls_into_nothing_and_the_api_is_left_alone(make: _MAKE) -> None:
    ledger = make()
    for _ in range(3):
        ledger.drop(ledger.reserve(_CALL), AWAY, charged=False)
    with pytest.raises(AwayError, match="try again by myself") as caught:
        ledger.reserve(_CALL)
    assert 0 < (caught.value.retry_after or 0) <= 30


def test_the_rest_grows_and_one_answer_ends_it() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    away = [(now, True)] * 4
    assert [rest(away[:count], now) for count in (0, 2, 3, 4)] == [0, 0, 30, 60]
    assert rest([(now, True)] * 50, now) == 600
    assert rest(away, now + timedelta(seconds=61)) == 0, "then one may try"
    assert rest([(now, True), (now, True), (now, False), *away], now) == 0


def test_a_cap_frees_up_at_the_next_day_or_month() -> None:
    now = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert (frees_at("job", now), frees_at("person", now)) == (None, datetime(2027, 1, 1, tzinfo=UTC))
    assert frees_at("month", now) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("given", [{"week": "3"}, {"job": "much"}, {"job": "-1"}, {"job": "nan"}])
def test_a_wrong_cap_is_named(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"^TERRASMITH_ANTHROPIC_CAPS is wrong"):
        Caps.read(given)


def test_the_rows_keep_everything_but_in_the_end_the_answer(database: Database) -> None:
    ledger = DatabaseLedger(database.unit_of_work, Caps())
    reserved = ledger.reserve(_CALL)
    ledger.settle(reserved, _DONE)
    ledger.drop(reserved, AWAY, charged=True)
    with database.unit_of_work() as session:
        assert rows.used(session, "job", "run_1", None) == 300_000, "what is settled stays settled"
        assert rows.forget_answers(session, clock.now() + timedelta(seconds=1)) == 1
    with database.read() as session:
        assert rows.latest(session, "run_1", "a" * 64, 1) == rows.Line(reserved.id, "settled", None)
        assert rows.tokens(session, "run_1") == {"input": 10, "output": 20}
