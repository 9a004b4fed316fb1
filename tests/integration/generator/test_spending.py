"""Money and outages through the real SDK: what is paid once, what is refused before it is sent, who writes instead."""

from collections.abc import Callable
from typing import Any

import pytest

from generator import prices
from generator.messages import Claude, StoppedError
from generator.request import Ask, WriterRefusedError
from generator.spending import AwayError, BudgetError, Caps, MemoryLedger, Payer, Purse
from generator.writers import make_writer
from generator.writing import Writer

_START = Callable[..., Any]
_GOOD = {"do": "answer", "folder": "good"}
_CATALOGUE = Ask("a catalogue of our services", None, None, "acme")
_BUCKET = Ask("an S3 bucket with versioning", None, None, "acme")


def _writer(simulator: Any, ledger: MemoryLedger) -> Writer:
    purse = Purse(ledger, prices.read(), Payer("run_1", "ada", "acme/platform", "acme"))
    return make_writer("sk-test", simulator.url, "claude-opus-5-5", purse=purse)


def test_a_job_that_is_done_again_pays_nothing_twice(claude: _START) -> None:
    simulator, ledger = claude({"do": "pause"}, _GOOD), MemoryLedger()
    first = _writer(simulator, ledger).propose(_CATALOGUE)
    again = _writer(simulator, ledger).propose(_CATALOGUE)
    assert dict(again.files) == dict(first.files)
    assert len(simulator.requests) == 2
    assert first.usage is not None and 0 < first.usage.cost_micros < first.usage.reserved_micros
    assert again.usage is not None and again.usage.cost_micros == first.usage.cost_micros


@pytest.mark.checklist("T-12")
def test_T12_a_call_that_may_pass_a_cap_is_never_sent(claude: _START) -> None:
    simulator = claude(_GOOD)
    with pytest.raises(BudgetError, match="For this request it is") as caught:
        _writer(simulator, MemoryLedger(Caps.read({"job": "0.10"}))).propose(_CATALOGUE)
    assert caught.value.scope == "job"
    assert not simulator.requests


@pytest.mark.parametrize("cause", ["refusal", "cap"])
def test_a_template_writes_where_claude_does_not_and_says_so(cause: str, claude: _START) -> None:
    simulator = claude({"do": "refusal"})
    caps = Caps.read({"month": "0"} if cause == "cap" else {})
    proposal = _writer(simulator, MemoryLedger(caps)).propose(_BUCKET)
    assert proposal.source == "template:aws-bucket"
    assert "because Claude did not" in proposal.assumptions[0]
    assert len(simulator.requests) == (0 if cause == "cap" else 2)


def test_where_no_template_fits_the_reason_is_claudes(claude: _START) -> None:
    with pytest.raises(StoppedError, match="declined"):
        _writer(claude({"do": "refusal"}), MemoryLedger()).propose(_CATALOGUE)


@pytest.mark.parametrize("stop", ["max_tokens", "context_window", "malformed"])
def test_no_template_stands_in_for_what_a_shorter_wish_would_mend(stop: str, claude: _START) -> None:
    with pytest.raises(WriterRefusedError):
        _writer(claude({"do": stop}), MemoryLedger()).propose(_BUCKET)


@pytest.mark.checklist("F-20")
def test_F20_an_api_that_is_away_is_left_alone_and_then_asked_again(claude: _START) -> None:
    simulator, ledger = claude({"do": "overloaded", "retry_after": 0.01}), MemoryLedger()
    for _ in range(3):
        with pytest.raises(AwayError, match="busy"):
            _writer(simulator, ledger).propose(_CATALOGUE)
    sent = len(simulator.requests)
    with pytest.raises(AwayError, match="by myself") as caught:
        _writer(simulator, ledger).propose(_CATALOGUE)
    assert len(simulator.requests) == sent
    assert (caught.value.retry_after or 0) > 0


def test_a_stream_that_broke_off_counts_at_its_most(claude: _START) -> None:
    ledger = MemoryLedger(Caps.read({"job": "1"}))
    with pytest.raises(AwayError) as caught:
        _writer(claude({"do": "break"}), ledger).propose(_CATALOGUE)
    assert caught.value.begun
    with pytest.raises(BudgetError):
        _writer(claude(_GOOD), ledger).propose(_CATALOGUE)


def test_what_repeats_is_the_cached_prefix_of_the_user_turn(claude: _START) -> None:
    simulator = claude(_GOOD)
    Claude(api_key="sk-test", base_url=simulator.url).converse(
        purpose="review", rules=("rules",), material={"schema": "…"}, fields={"request": "x"}, form={}, read=lambda v: v
    )
    (request,) = simulator.requests
    first, second = request["body"]["messages"][0]["content"]
    assert first["cache_control"] == request["body"]["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in second
    assert "effort" not in request["body"]["output_config"]
