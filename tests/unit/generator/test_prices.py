"""What calls cost, by the table that is shipped and by an operator's own."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from generator import prices
from generator.models import Models
from generator.request import Usage


def test_every_default_model_has_a_price() -> None:
    prices.read().check(Models().names)


def test_a_cost_is_counted_by_kind_of_token() -> None:
    table = prices.read()
    usage = Usage("claude-opus-5-5", 1, 1_000_000, 1_000_000, 1_000_000, 1_000_000)
    assert table.cost("claude-opus-5-5", usage) == 4_000_000 + 20_000_000 + 400_000 + 5_000_000
    assert table.most("claude-opus-5-5", 20_000, 32_000) >= table.cost("claude-opus-5-5", Usage("", 1, 10_000, 32_000))


def test_an_operators_table_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('version = "1"\n[cache]\nwrite = 1\nread = 0\n[models]\nmine = { input = 1, output = 2 }\n')
    table = prices.read(path)
    assert table.cost("mine", Usage("mine", 1, 3, 4)) == 11
    with pytest.raises(SettingsError, match=r"no price of claude-fable-5-1"):
        table.check(Models().names)


@pytest.mark.parametrize("text", ["", "version = 1", "{", '[models]\nm = { input = -1, output = "x" }'])
def test_what_is_no_table_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"^TERRASMITH_ANTHROPIC_PRICES is wrong"):
        prices.read(path)


def test_a_small_sum_is_not_nothing() -> None:
    assert [prices.dollars(micros) for micros in (0, 4_200, 310_000, 1_234_000_000)] == [
        "$0.00",
        "$0.0042",
        "$0.31",
        "$1,234.00",
    ]
