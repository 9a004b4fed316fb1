"""What a retention policy lets go, and what it never touches."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.services.retention import Candidate, Downloads, Policy, PolicyError, doomed
from registry.version_states import LISTED, VERSION_TRANSITIONS
from tfmodule.version import Version, latest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COUNTED = Downloads(since=date(2020, 1, 1))


def _candidate(version: str, days: int, state: str = "published", *, held: bool = False) -> Candidate:
    return Candidate(version, Version.parse(version), state, NOW - timedelta(days=days), held)


def _gone(candidates: list[Candidate], policy: Policy, downloads: Downloads = COUNTED) -> list[str]:
    return [one.id for one, _ in doomed(candidates, policy, NOW, downloads)]


def test_old_prereleases_go_and_releases_stay() -> None:
    found = [
        _candidate("0.1.0", 900),
        _candidate("1.0.0-rc.1", 91),
        _candidate("1.0.0-rc.2", 89),
        _candidate("1.0.0", 88),
    ]
    assert _gone(found, Policy(prerelease_days=90)) == ["1.0.0-rc.1"]
    assert _gone(found, Policy(stable_days=365)) == ["0.1.0"]
    assert doomed(found, Policy(prerelease_days=90, keep_downloaded_days=30), NOW, COUNTED)[0][1] == (
        "a prerelease of 91 days (at most 90), not downloaded in 30 days"
    )


def test_the_last_of_each_kind_stay_and_only_what_can_be_chosen_counts() -> None:
    found = [_candidate(f"1.{minor}.0", 500) for minor in range(5)]
    found += [_candidate(f"2.0.0-rc.{number}", 500) for number in range(5)]
    found += [_candidate("1.5.0", 500, "revoked"), _candidate("1.6.0", 500, "quarantined")]
    policy = Policy(prerelease_days=10, stable_days=10, keep_last=2)
    assert _gone(found, policy) == ["1.0.0", "1.1.0", "1.2.0", "1.5.0", "2.0.0-rc.0", "2.0.0-rc.1", "2.0.0-rc.2"]


def test_a_hold_and_a_download_keep_a_version() -> None:
    found = [_candidate(f"1.0.0-{name}", 500, held=name == "held") for name in ("held", "new", "old", "used", "zlast")]
    today = NOW.date()
    last = {"1.0.0-old": today - timedelta(days=31), "1.0.0-used": today - timedelta(days=30), "1.0.0-new": None}
    policy = Policy(prerelease_days=90, keep_downloaded_days=30)
    assert _gone(found, policy, Downloads(date(2020, 1, 1), last)) == ["1.0.0-new", "1.0.0-old"]


@pytest.mark.parametrize("since", [None, NOW.date() - timedelta(days=29)])
def test_where_nobody_counted_long_enough_nothing_goes(since: date | None) -> None:
    found = [_candidate("1.0.0-a", 500), _candidate("1.0.0-b", 500)]
    assert _gone(found, Policy(prerelease_days=90, keep_downloaded_days=30), Downloads(since)) == []


@pytest.mark.parametrize(
    "values",
    [{}, {"prerelease_days": 0}, {"stable_days": -1}, {"prerelease_days": 1, "keep_last": 0}, {"stable_days": 99_999}],
)
def test_a_policy_that_cannot_be_meant_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(PolicyError):
        Policy(**values)


_DAYS = st.none() | st.integers(1, 400)


@given(
    st.lists(
        st.builds(
            _candidate,
            st.from_regex(r"[0-3]\.[0-3]\.0(-rc\.[0-3])?", fullmatch=True),
            st.integers(0, 500),
            st.sampled_from(sorted(VERSION_TRANSITIONS)),
            held=st.booleans(),
        ),
        unique_by=lambda one: one.id,
    ),
    st.tuples(_DAYS, _DAYS, st.integers(1, 3)).filter(lambda value: value[0] or value[1]),
)
def test_whatever_the_policy_these_stay(
    candidates: list[Candidate], values: tuple[int | None, int | None, int]
) -> None:
    policy = Policy(prerelease_days=values[0], stable_days=values[1], keep_last=values[2])
    gone = set(_gone(candidates, policy))
    listed = [one for one in candidates if one.state in LISTED]
    assert gone.isdisjoint(one.id for one in candidates if one.held or one.state in ("quarantined", "tombstone"))
    highest = latest([one.version for one in listed])
    assert highest is None or str(highest) not in gone
    if policy.stable_days is None:
        assert all(Version.parse(one).is_prerelease for one in gone)
    if policy.prerelease_days is None:
        assert not any(Version.parse(one).is_prerelease for one in gone)
