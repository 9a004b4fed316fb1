"""The three kinds of failure. Knows no HTTP status and no GitHub.

    TerrasmithError
    ├── UserError        its text is what the person reads (a comment, a check, a line on the terminal)
    │   └── SettingsError    one line that names the variable and what it expects
    └── Transient        the outside world failed for now: try again later

Anything else that is raised is a bug: logged once at the edge, retried a few times, then parked.
"""


class TerrasmithError(Exception):
    """Everything we raise on purpose."""


class UserError(TerrasmithError):
    """A failure whose text is written for the person who caused it; Markdown is allowed in it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(UserError):
    """A missing or wrong setting. One line: the variable, and what it expects."""


class Transient(TerrasmithError):
    """A failure that time may heal. `retry_after` is in seconds, when the other side said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class FencedError(TerrasmithError):
    """Somebody else owns this row now: the lease lapsed and the epoch moved on. Stop without writing."""
