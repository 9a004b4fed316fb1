"""Download counts on both databases: they add up, whoever writes at the same time, and folding loses none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from registry import models
from registry.services import download_counts
from registry.services.download_counts import ClientDownloads, Summary, VersionDownloads

TODAY = date(2026, 11, 23)


def _published(registry, *versions: str) -> tuple[str, list[str]]:
    registry.namespace("acme")
    ids = [registry.publish("acme/bucket/aws", version).id for version in versions]
    with registry.database.read() as session:
        return session.get_one(models.Version, ids[0]).module_id, ids


def _add(registry, day: date, counts: dict) -> None:
    with registry.database.unit_of_work() as session:
        download_counts.add(session, day, counts)


def test_what_is_added_is_summed_by_version_module_time_and_client(registry) -> None:
    module, (one, two, never) = _published(registry, "1.0.0", "2.0.0", "3.0.0")
    for days, count in ((0, 1), (6, 2), (7, 4), (29, 8), (30, 16), (364, 32), (365, 64)):
        _add(registry, TODAY - timedelta(days=days), {(one, "terraform", "1.11.4"): count})
    _add(registry, TODAY, {(two, "opentofu", "1.9.0"): 128, (one, "terraform", "1.11.4"): 256, (one, "other", ""): 1})
    _add(registry, TODAY, {})
    with registry.database.read() as session:
        assert download_counts.of_versions(session, [one, two, never, "ver_none"]) == {
            one: VersionDownloads(384, TODAY),
            two: VersionDownloads(128, TODAY),
            never: VersionDownloads(0, None),
            "ver_none": VersionDownloads(0, None),
        }
        assert download_counts.of_modules(session, [module, "mod_none"]) == {module: 512, "mod_none": 0}
        assert download_counts.summary(session, module, TODAY) == Summary(388, 400, 448, 512)
        assert download_counts.summary(session, "mod_none", TODAY) == Summary(0, 0, 0, 0)
        assert download_counts.by_client(session, module, TODAY) == (
            ClientDownloads("terraform", "1.11.4", 257),
            ClientDownloads("opentofu", "1.9.0", 128),
            ClientDownloads("other", "", 1),
        )


def test_two_processes_add_to_the_same_rows(registry) -> None:
    _, ids = _published(registry, "1.0.0", "2.0.0", "3.0.0")
    counts = {(one, "terraform", "1.11.4"): 1 for one in ids}
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(_add, registry, TODAY, counts) for _ in range(40)]:
            done.result()
    with registry.database.read() as session:
        assert {one.total for one in download_counts.of_versions(session, ids).values()} == {40}


def test_folding_keeps_totals_and_last_days(registry) -> None:
    _module, (one, two) = _published(registry, "1.0.0", "2.0.0")
    for day in range(1, 29):
        for month in (3, 4):
            _add(registry, date(2025, month, day), {(one, "terraform", f"1.{day}.0"): 1, (two, "other", ""): 2})
    _add(registry, TODAY, {(one, "terraform", "1.11.4"): 5})
    with registry.database.unit_of_work() as session:
        before = download_counts.of_versions(session, [one, two])
        assert download_counts.compact(session, date(2025, 4, 11)) == 2 * (27 + 9)
        assert download_counts.compact(session, date(2025, 4, 11)) == 0
        assert download_counts.of_versions(session, [one, two]) == before
    with registry.database.unit_of_work() as session:
        assert download_counts.compact(session, TODAY) == 2 * 18
        assert download_counts.of_versions(session, [one, two]) == before
        left = session.query(models.DownloadCount).order_by(models.DownloadCount.day).all()
        assert [(row.day, row.client, row.client_version, row.count) for row in left if row.version_id == one] == [
            (date(2025, 3, 28), "terraform", "", 28),
            (date(2025, 4, 28), "terraform", "", 28),
            (TODAY, "terraform", "1.11.4", 5),
        ]
