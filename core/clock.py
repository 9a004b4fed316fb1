"""The one place that reads the wall clock. Monotonic time for durations stays with `time.monotonic`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
