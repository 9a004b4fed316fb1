"""What one check can end in: passed, failed with what was expected and what came, or not run with the reason."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.errors import TerrasmithError

Outcome = Literal["passed", "failed", "not run"]


class MismatchError(TerrasmithError):
    """The registry, or a client, did something else than the line says."""

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(f"expected {expected}; got {got}")
        self.expected, self.got = expected, str(got)


class NotRunError(TerrasmithError):
    """The check could not be made here, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    id: str
    by: str
    title: str
    outcome: Outcome
    expected: str = ""
    got: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def expect(held: bool, expected: str, got: object) -> None:
    """Raise MismatchError unless it held."""
    if not held:
        raise MismatchError(expected, got)
