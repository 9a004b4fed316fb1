"""Versions: semver's own examples, and a total order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.version import InvalidVersionError, Version, latest, parse_tag

# The list that semver.org publishes with its regular expression, less the one number above 2^63.
VALID = [
    "0.0.4",
    "1.2.3",
    "10.20.30",
    "1.1.2-prerelease+meta",
    "1.1.2+meta",
    "1.1.2+meta-valid",
    "1.0.0-alpha",
    "1.0.0-beta",
    "1.0.0-alpha.beta",
    "1.0.0-alpha.beta.1",
    "1.0.0-alpha.1",
    "1.0.0-alpha0.valid",
    "1.0.0-alpha.0valid",
    "1.0.0-rc.1+build.1",
    "2.0.0-rc.1+build.123",
    "1.2.3-beta",
    "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    "10.2.3-DEV-SNAPSHOT",
    "1.2.3-SNAPSHOT-123",
    "1.0.0",
    "2.0.0",
    "1.1.7",
    "2.0.0+build.1848",
    "2.0.1-alpha.1227",
    "1.0.0-alpha+beta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12+meta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "1.0.0-0A.is.legal",
]
INVALID = [
    "1",
    "1.2",
    "1.2.3-0123",
    "1.2.3-0123.0123",
    "1.1.2+.123",
    "+invalid",
    "-invalid",
    "-invalid+invalid",
    "-invalid.01",
    "alpha",
    "alpha.beta",
    "alpha.beta.1",
    "alpha.1",
    "alpha+beta",
    "alpha_beta",
    "alpha.",
    "alpha..",
    "beta",
    "1.0.0-alpha_beta",
    "-alpha.",
    "1.0.0-alpha..",
    "1.0.0-alpha..1",
    "1.0.0-alpha...1",
    "1.0.0-alpha....1",
    "01.1.1",
    "1.01.1",
    "1.1.01",
    "1.2.3.DEV",
    "1.2-SNAPSHOT",
    "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
    "1.2-RC-SNAPSHOT",
    "-1.0.3-gamma+b7718",
    "+justmeta",
    "9.8.7+meta+meta",
    "9.8.7-whatever+meta+meta",
    "v1.2.3",
    "1.2.3.4",
    "9223372036854775808.0.0",
    "1.2.٣",
]
ORDER = (
    "0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 "
    "1.0.1 1.9.0 1.10.0 2.0.0"
)

_NUMBERS = st.integers(0, 30)
_FIELDS = st.one_of(_NUMBERS.map(str), st.text("abz-", min_size=1, max_size=3))
VERSIONS = st.builds(
    Version, _NUMBERS, _NUMBERS, _NUMBERS, st.lists(_FIELDS, max_size=3).map(tuple), st.sampled_from(["", "1", "b.2"])
)


def v(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.parametrize("text", VALID)
def test_semvers_valid_examples_survive(text: str) -> None:
    assert str(v(text)) == text


@pytest.mark.checklist("R30")
@pytest.mark.parametrize("text", [*INVALID, "", " 1.0.0", "1.0.0 ", "1.0.0\n", "1.0.0-" + "a" * 200])
def test_everything_looser_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersionError):
        v(text)


@pytest.mark.checklist("R32")
def test_semvers_order() -> None:
    ordered = [v(text) for text in ORDER.split()]
    backwards = ordered[::-1]
    assert sorted(backwards) == ordered


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(a: Version, b: Version, c: Version) -> None:
    assert (a < b) + (a == b) + (a > b) == 1
    assert (a <= b) == (not a > b)
    assert not (a < b < c) or a < c


@pytest.mark.checklist("R32")
@given(VERSIONS, VERSIONS)
def test_the_key_is_equal_exactly_for_equal_precedence(a: Version, b: Version) -> None:
    assert (a.precedence_key == b.precedence_key) == (a.precedence() == b.precedence())


@given(VERSIONS)
def test_a_version_is_its_text(version: Version) -> None:
    assert v(str(version)) == version
    assert version.next_minor() > version
    assert not version.next_minor().is_prerelease


@pytest.mark.checklist("R33")
def test_tags_may_start_with_v() -> None:
    assert parse_tag("v1.2.3") == parse_tag("1.2.3") == v("1.2.3")
    for tag in ("vv1.2.3", "V1.2.3", "v1.2", "release-1.2.3"):
        with pytest.raises(InvalidVersionError, match=tag):
            parse_tag(tag)


@pytest.mark.checklist("R31")
def test_latest_prefers_releases() -> None:
    assert latest([v("1.0.0"), v("2.0.0-rc.1"), v("0.9.0")]) == v("1.0.0")
    assert latest([v("2.0.0-rc.1"), v("2.0.0-rc.2")]) == v("2.0.0-rc.2")
    assert latest([]) is None
