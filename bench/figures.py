"""Figures and the tables they stand in: percentiles, medians, ratios, Markdown. Knows nothing of what is measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median as _median

MARK = "<!-- figures: everything below is written by `--write` -->"
NONE = "–"
"""Stands where there is no figure."""


@dataclass(frozen=True)
class Table:
    """One result. The first column names the rows; `notes` say what a reader must know to trust it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of “{self.title}” has not {len(self.columns)} cells")

    def to_markdown(self) -> str:
        """The table as Markdown that also reads well in a terminal: figures to the right."""
        columns = zip(self.columns, *self.rows, strict=True)
        widths = [max(3, *(len(cell) for cell in column)) for column in columns]
        rule = tuple("-" * width if not index else "-" * (width - 1) + ":" for index, width in enumerate(widths))
        lines = [_line(row, widths) for row in (self.columns, rule, *self.rows)]
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"### {self.title}", "", *lines, *([""] if notes else []), *notes])


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of them do not exceed, by nearest rank: always one that was measured."""
    if not values:
        raise ValueError("no values")
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(rank), 1) - 1]


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the middle two."""
    return float(_median(values))


def milliseconds(seconds: float) -> str:
    """`0.0123` as `12.3 ms`; three digits that mean something."""
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def in_seconds(seconds: float) -> str:
    """`1.234` as `1.23 s`."""
    return f"{seconds:.2f} s"


def spread(values: Sequence[float]) -> str:
    """From the least to the greatest, in seconds."""
    return f"{min(values):.2f}–{max(values):.2f} s"


def times(ours: float, beside: float) -> str:
    """How many times `beside` fits into `ours`: `2.4 ×`."""
    return NONE if beside <= 0 else f"{ours / beside:.1f} ×"


def share(part: float, whole: float) -> str:
    """`part` as percent of `whole`."""
    return NONE if whole <= 0 else f"{100 * part / whole:.0f} %"


def with_figures(text: str, figures: str) -> str:
    """The document with everything below its mark replaced; ValueError where it has none."""
    before, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"the file has no line {MARK}")
    return f"{before}{MARK}\n\n{figures}\n"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return f"| {' | '.join(cells)} |"
