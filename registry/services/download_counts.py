"""What was downloaded: totals by version, module, time and client. Nothing is counted yet: everything is zero."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class VersionDownloads:
    """How often a version was installed, and when last."""

    total: int
    last_day: date | None


@dataclass(frozen=True)
class Summary:
    """Downloads of a module: in the last 7, 30 and 365 days, today among them, and ever (R34)."""

    week: int
    month: int
    year: int
    total: int


@dataclass(frozen=True)
class ClientDownloads:
    """How often one version of one client came."""

    client: str
    client_version: str
    count: int


def of_versions(_session: Session, version_ids: Collection[str]) -> dict[str, VersionDownloads]:
    """Total and last day of each of these versions; (0, None) for what nobody fetched."""
    return dict.fromkeys(version_ids, VersionDownloads(0, None))


def of_modules(_session: Session, module_ids: Collection[str]) -> dict[str, int]:
    """All downloads that these modules ever had."""
    return dict.fromkeys(module_ids, 0)


def summary(_session: Session, _module_id: str, _today: date) -> Summary:
    """The downloads of a module until the end of this day."""
    return Summary(0, 0, 0, 0)


def by_client(_session: Session, _module_id: str, _since: date) -> tuple[ClientDownloads, ...]:
    """Which clients fetched a module since that day, the most frequent first."""
    return ()
