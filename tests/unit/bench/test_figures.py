"""Percentiles, medians, ratios and tables: the figures must be right even where nobody judges them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import (
    MARK,
    Table,
    in_seconds,
    median,
    milliseconds,
    percentile,
    share,
    spread,
    times,
    with_figures,
)

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(("percent", "expected"), [(0, 15), (5, 15), (30, 20), (40, 20), (50, 35), (99, 50), (100, 50)])
def test_percentiles_by_nearest_rank(percent: float, expected: float) -> None:
    assert percentile([20, 15, 50, 35, 40], percent) == expected


def test_the_99th_of_a_hundred_leaves_one_out() -> None:
    assert percentile(list(range(1, 101)), 99) == 99


@given(values, st.floats(0, 100))
def test_a_percentile_was_measured_and_that_many_lie_below(measured: list[float], percent: float) -> None:
    found = percentile(measured, percent)
    assert found in measured
    assert sum(value <= found for value in measured) >= len(measured) * percent / 100 - 1e-9


@given(values)
def test_a_median_lies_in_the_middle(measured: list[float]) -> None:
    assert min(measured) <= median(measured) <= max(measured)
    assert median(list(reversed(measured))) == median(measured)


def test_a_percentile_of_nothing_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
    with pytest.raises(ValueError, match="no percentage"):
        percentile([1.0], 101)


def test_median_of_an_even_number_is_between_the_two() -> None:
    assert median([4, 1, 3, 2]) == 2.5


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.00186, "1.86 ms"), (0.0123, "12.3 ms"), (0.1234, "123 ms"), (1.5, "1500 ms")]
)
def test_milliseconds_show_what_means_something(seconds: float, shown: str) -> None:
    assert milliseconds(seconds) == shown


def test_other_figures() -> None:
    assert in_seconds(1.234) == "1.23 s"
    assert spread([0.5, 0.25]) == "0.25–0.50 s"
    assert times(3.0, 2.0) == "1.5 ×"
    assert times(3.0, 0.0) == "–"
    assert share(1.0, 4.0) == "25 %"
    assert share(1.0, 0.0) == "–"


def test_a_table_is_markdown_with_figures_to_the_right() -> None:
    table = Table("Title", ("request", "p50"), (("a", "1 ms"), ("longer one", "12.5 ms")), ("A note.",))
    assert table.to_markdown().splitlines() == [
        "### Title",
        "",
        "| request    |     p50 |",
        "| ---------- | ------: |",
        "| a          |    1 ms |",
        "| longer one | 12.5 ms |",
        "",
        "- A note.",
    ]


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="Title"):
        Table("Title", ("one", "two"), (("only one",),))


def test_figures_replace_what_stood_below_the_mark() -> None:
    once = with_figures(f"# Words\n\n{MARK}\n\nold figures\n", "new")
    assert once == f"# Words\n\n{MARK}\n\nnew\n"
    assert with_figures(once, "new") == once
    with pytest.raises(ValueError, match="no line"):
        with_figures("# Words\n", "new")


def test_the_document_has_the_mark() -> None:
    root = Path(__file__).parents[3]
    assert (root / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8").count(MARK) == 1
