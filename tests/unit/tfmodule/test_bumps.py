"""The least version that a change asks for, and whether a proposed one is enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.bumps import is_enough, least_version
from tfmodule.comparison import Bump
from tfmodule.version import Version


@pytest.mark.parametrize(
    ("before", "bump", "least"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", None, "1.2.4"),
        ("0.2.3", "major", "0.3.0"),
        ("0.2.3", "minor", "0.3.0"),
        ("0.2.3", "patch", "0.2.4"),
    ],
)
def test_the_least_version(before: str, bump: Bump | None, least: str) -> None:
    assert str(least_version(Version.parse(before), bump)) == least


@pytest.mark.parametrize(
    ("before", "after", "bump", "enough"),
    [
        ("1.2.3", "2.0.0", "major", True),
        ("1.2.3", "1.9.0", "major", False),
        ("1.2.3", "2.0.0-rc.1", "major", True),
        ("1.2.3", "1.3.0-rc.1", "major", False),
        ("1.2.3", "1.2.4", "minor", False),
        ("1.2.3", "3.0.0", "patch", True),
        ("2.0.0-rc.1", "2.0.0-rc.2", "major", True),
        ("2.0.0-rc.1", "2.0.0", "major", True),
    ],
)
def test_whether_a_version_is_enough(before: str, after: str, bump: Bump, enough: bool) -> None:
    assert is_enough(Version.parse(before), Version.parse(after), bump) is enough


_VERSIONS = st.builds(Version, *[st.integers(0, 5)] * 3)


@given(_VERSIONS, st.sampled_from(["major", "minor", "patch", None]))
def test_the_least_is_enough_and_new(before: Version, bump: Bump | None) -> None:
    least = least_version(before, bump)
    assert least > before
    assert is_enough(before, least, bump)
