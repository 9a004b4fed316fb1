"""How a module came to be: each candidate that was judged, who made it, what failed, and why it was kept or not."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gate.report import Report

Maker = Literal["writer", "fixers", "model"]


@dataclass(frozen=True)
class Round:
    """One candidate. Of an answer that never became one, `failing` is empty and `why` tells it."""

    number: int
    by: Maker
    failing: tuple[str, ...] = ()
    """Ids of the checks that failed."""
    errors: int = 0
    churn: float = 0.0
    """Share of the lines before that are gone, 0 to 1."""
    output_tokens: int = 0
    """What this round's calls gave out."""
    accepted: bool = True
    why: str = ""
    """Why it was not kept."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "failing": list(self.failing)}


Trajectory = tuple[Round, ...]


def failing(report: Report) -> tuple[str, ...]:
    """The checks that failed, or the rules of the errors where no check bears them."""
    checks = tuple(check.id for check in report.checks if check.outcome == "failed")
    return checks or tuple(sorted({finding.rule for finding in report.errors}))
