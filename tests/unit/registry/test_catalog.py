"""What a client means by a version, and the order of versions."""

import pytest

from registry.services.catalog import newest_first, normalise
from tfmodule.version import latest


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("1.2", "1.2.0"),
        ("1", "1.0.0"),
        ("01.2.3", "1.2.3"),
        ("1.2.3-rc.1", "1.2.3-rc.1"),
        ("1.2.3+build.5", "1.2.3+build.5"),
        ("1.2-beta", "1.2.0-beta"),
    ],
)
@pytest.mark.checklist("R30")
def test_R30_versions_are_matched_after_normalising(asked: str, meant: str) -> None:
    assert str(normalise(asked)) == meant


@pytest.mark.parametrize("asked", ["", "latest", "1.2.3.4", "1..2", "../1.0.0", "1.0.0\n", "1.0.0-", "9" * 400])
def test_R30_what_is_no_version_is_none(asked: str) -> None:
    assert normalise(asked) is None


@pytest.mark.checklist("R32")
def test_R32_versions_are_ordered_by_precedence_not_as_text() -> None:
    found = newest_first(["1.9.0", "1.10.0", "1.10.0-rc.2", "1.10.0-rc.10", "1.10.0-rc", "0.1.0"])
    assert [str(one) for one in found] == ["1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.10.0-rc", "1.9.0", "0.1.0"]


@pytest.mark.checklist("R31")
def test_R31_latest_skips_prereleases_unless_there_is_nothing_else() -> None:
    assert str(latest(newest_first(["1.0.0", "2.0.0-rc.1"]))) == "1.0.0"
    assert str(latest(newest_first(["2.0.0-rc.1", "2.0.0-rc.2"]))) == "2.0.0-rc.2"
