"""Which measurements a command line chooses, and that each has a name of its own file."""

import pytest

from bench.__main__ import MEASUREMENTS, main


def test_each_measurement_is_named_after_its_file() -> None:
    assert {name: f"bench.{name}" for name in MEASUREMENTS} == {
        name: measure.__module__ for name, measure in MEASUREMENTS.items()
    }


def test_an_unknown_name_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no such measurement: speed; there are webhook, comment" in capsys.readouterr().err
