"""How levels, words and overrides combine; nothing is evaluated here."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.policies.decision import POLICIES, Kind, Level, Ruling, governed, severity, worse
from gate.policies.organisation import LAPTOP, NO_ORGANISATION
from gate.report import CheckResult, Finding, Overridden, Report, Verdict

LEVELS: tuple[Level, ...] = ("advisory", "soft", "hard")
WORDS = st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(get_args(Kind)), st.booleans()), max_size=6)
REPORT = Report("house", "terraform 1.11.4 (cold)", "builtin", "L3", "passed")


def ruled(words: list[tuple[Level, Kind, bool]], *, silent: bool) -> Ruling:
    findings = tuple(
        Finding("policy/x", severity(level, kind, overridden=overridden), "m") for level, kind, overridden in words
    )
    return Ruling(findings, (Finding("policy/y", "warning", "no answer"),) if silent else ())


@given(WORDS, st.booleans(), st.sampled_from(get_args(Verdict)))
def test_no_verdict_becomes_milder_and_what_is_silent_never_passes(
    words: list[tuple[Level, Kind, bool]], silent: bool, before: Verdict
) -> None:
    conclusion = ruled(words, silent=silent).conclusion
    after = worse(before, POLICIES.result(conclusion, 0.0))
    order = {"passed": 0, "undecided": 1, "refused": 2}
    assert order[after] >= order[before]
    refuses = any(kind == "deny" and (level == "hard" or (level == "soft" and not over)) for level, kind, over in words)
    assert (conclusion.outcome == "failed") == refuses
    assert not (silent and after == "passed")


@given(WORDS)
def test_an_override_never_makes_stricter_and_touches_soft_refusals_alone(
    words: list[tuple[Level, Kind, bool]],
) -> None:
    for level, kind, _ in words:
        without, with_one = (severity(level, kind, overridden=over) for over in (False, True))
        assert (without != with_one) == (level == "soft" and kind == "deny")
        assert {"error": 2, "warning": 1, "note": 0}[with_one] <= {"error": 2, "warning": 1, "note": 0}[without]


def test_without_policies_the_report_stays_as_it_is() -> None:
    assert governed(REPORT, {}, NO_ORGANISATION, LAPTOP) is REPORT


def test_a_report_of_an_earlier_release_is_read_and_overrides_come_back() -> None:
    assert "overrides" not in REPORT.to_dict()
    with_one = replace(REPORT, overrides=(Overridden("licence", "operator", "a gift"),), organisation="d")
    assert Report.from_dict(with_one.to_dict()) == with_one


@pytest.mark.parametrize(("outcome", "verdict"), [("failed", "refused"), ("undecided", "undecided")])
def test_a_refusal_outweighs_what_nobody_could_tell(outcome: str, verdict: str) -> None:
    result = CheckResult("policies", "x", outcome, 0.0)  # type: ignore[arg-type]
    assert worse("passed", result) == verdict
    assert worse("refused", result) == "refused"
