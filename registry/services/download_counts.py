"""What was downloaded: totals by version, module, time and client. Counts installs, which is what a client's ask for a
location means (R17); who asked is never kept.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Date, bindparam, case, delete, func, insert, select, text
from sqlalchemy.orm import Session

from registry import models
from registry.models import DownloadCount

Key = tuple[str, str, str]
"""The id of a version, the client, and the client's version."""

# SQLite takes at most 32,766 values in one statement.
_AT_ONCE = 1_000


# The same in both dialects; as text, because the thread that writes it shares its processor with every answer.
_ADD = text(
    "INSERT INTO download_counts (version_id, day, client, client_version, count) "
    "VALUES (:version_id, :day, :client, :client_version, :count) "
    "ON CONFLICT (version_id, day, client, client_version) "
    "DO UPDATE SET count = download_counts.count + excluded.count"
).bindparams(bindparam("day", type_=Date))


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


def add(session: Session, day: date, counts: Mapping[Key, int]) -> None:
    """Add one batch to what stands there."""
    if not counts:
        return
    # Always in one order: two processes that flush at once wait for each other instead of meeting crosswise.
    rows = [
        {"version_id": version_id, "day": day, "client": client, "client_version": client_version, "count": count}
        for (version_id, client, client_version), count in sorted(counts.items())
    ]
    session.connection().execute(_ADD, rows)


def of_versions(session: Session, version_ids: Collection[str]) -> dict[str, VersionDownloads]:
    """Total and last day of each of these versions; (0, None) for what nobody fetched."""
    found = dict.fromkeys(version_ids, VersionDownloads(0, None))
    for some in _portions(version_ids):
        rows = session.execute(
            select(DownloadCount.version_id, func.sum(DownloadCount.count), func.max(DownloadCount.day))
            .where(DownloadCount.version_id.in_(some))
            .group_by(DownloadCount.version_id)
        )
        found.update({version_id: VersionDownloads(int(total), last) for version_id, total, last in rows})
    return found


def of_modules(session: Session, module_ids: Collection[str]) -> dict[str, int]:
    """All downloads that these modules ever had."""
    found = dict.fromkeys(module_ids, 0)
    for some in _portions(module_ids):
        rows = session.execute(
            select(models.Version.module_id, func.sum(DownloadCount.count))
            .join(DownloadCount, DownloadCount.version_id == models.Version.id)
            .where(models.Version.module_id.in_(some))
            .group_by(models.Version.module_id)
        )
        found.update({module_id: int(total) for module_id, total in rows})
    return found


def summary(session: Session, module_id: str, today: date) -> Summary:
    """The downloads of a module until the end of this day."""

    def since(days: int) -> Any:
        first = today - timedelta(days=days - 1)
        return func.coalesce(func.sum(case((DownloadCount.day >= first, DownloadCount.count), else_=0)), 0)

    row = session.execute(
        select(since(7), since(30), since(365), func.coalesce(func.sum(DownloadCount.count), 0))
        .join(models.Version, models.Version.id == DownloadCount.version_id)
        .where(models.Version.module_id == module_id)
    ).one()
    week, month, year, total = (int(one) for one in row)
    return Summary(week, month, year, total)


def by_client(session: Session, module_id: str, since: date) -> tuple[ClientDownloads, ...]:
    """Which clients fetched a module since that day, the most frequent first."""
    total = func.sum(DownloadCount.count)
    rows = session.execute(
        select(DownloadCount.client, DownloadCount.client_version, total)
        .join(models.Version, models.Version.id == DownloadCount.version_id)
        .where(models.Version.module_id == module_id, DownloadCount.day >= since)
        .group_by(DownloadCount.client, DownloadCount.client_version)
        .order_by(total.desc(), DownloadCount.client, DownloadCount.client_version)
    )
    return tuple(ClientDownloads(client, version, int(count)) for client, version, count in rows)


def compact(session: Session, before: date) -> int:
    """Fold the days before `before`: one row for each version, month and client remains, dated by its last day.

    Totals and last days stay as they were; the client's version is forgotten. Returns how many rows that saved.
    """
    month = func.to_char(DownloadCount.day, "YYYY-MM")
    if session.get_bind().dialect.name == "sqlite":
        month = func.strftime("%Y-%m", DownloadCount.day)
    old = (
        select(
            DownloadCount.version_id,
            func.max(DownloadCount.day).label("day"),
            DownloadCount.client,
            func.sum(DownloadCount.count).label("total"),
            func.count().label("rows"),
            func.max(DownloadCount.client_version).label("newest"),
        )
        .where(DownloadCount.day < before)
        .group_by(DownloadCount.version_id, DownloadCount.client, month)
    )
    folded = session.execute(old).all()
    wanted = [row for row in folded if row.rows > 1 or row.newest]
    for row in wanted:
        first = row.day.replace(day=1)
        session.execute(
            delete(DownloadCount).where(
                DownloadCount.version_id == row.version_id,
                DownloadCount.client == row.client,
                DownloadCount.day >= first,
                DownloadCount.day <= row.day,
            )
        )
        session.execute(
            insert(DownloadCount).values(
                version_id=row.version_id, day=row.day, client=row.client, client_version="", count=int(row.total)
            )
        )
    return sum(row.rows - 1 for row in wanted)


def _portions(ids: Collection[str]) -> Any:
    iterator = iter(ids)
    while some := tuple(islice(iterator, _AT_ONCE)):
        yield some
