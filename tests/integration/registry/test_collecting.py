"""Collecting archives, on both databases: what goes, what stays, who is told to store anew, and many at once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from core import clock
from registry import models
from registry.services import archive_claims, collecting, lifecycle, publishing
from registry.services.archive_claims import COLLECTOR_LOST, BeingCollectedError
from registry.services.lifecycle import OPERATOR, Words
from registry.services.publishing import PreparedArchive, PublishVersion
from registry.storage.port import ObjectMissingError, archive_key
from tfmodule.address import Address
from tfmodule.version import Version

ADDRESS = Address("acme", "bucket", "aws")
NO_GRACE = timedelta(seconds=-1)
DAY = timedelta(days=1)


def _remove(registry, version: str) -> None:
    with registry.database.unit_of_work() as session:
        lifecycle.change(session, "remove", ADDRESS, Version.parse(version), Words("gone"), OPERATOR)


def _collect(registry, grace: timedelta = NO_GRACE) -> list[str]:
    database = registry.database
    going = [one.sha256 for one in collecting.pending(database.read, registry.storage, grace)]
    gone = [one.sha256 for one in collecting.collect(database.read, database.unit_of_work, registry.storage, grace)]
    assert gone == going
    return gone


def _claim(registry, sha256: str, later: timedelta = timedelta()) -> str:
    with registry.database.unit_of_work() as session:
        return archive_claims.claim(session, sha256, clock.now() + later)


def _condemn(registry, sha256: str, later: timedelta = timedelta()) -> str | None:
    with registry.database.unit_of_work() as session:
        return archive_claims.condemn(session, sha256, clock.now() + later, NO_GRACE)


def test_bytes_go_with_the_last_version_that_is_made_of_them(registry) -> None:
    registry.namespace("acme")
    first = registry.publish("acme/bucket/aws", "1.0.0")
    same = registry.request("acme/bucket/aws", "1.1.0", sha256=first.sha256, h1=first.h1, size=first.size)
    with registry.database.unit_of_work() as session:
        publishing.publish(session, same)
    kept = registry.publish("acme/bucket/aws", "2.0.0")
    for version, gone in (("1.0.0", []), ("1.1.0", [first.sha256])):
        _remove(registry, version)
        assert _collect(registry, DAY) == []
        assert _collect(registry) == gone
    assert not registry.storage.exists(archive_key(first.sha256)) and registry.storage.exists(archive_key(kept.sha256))
    with registry.database.read() as session:
        assert session.scalars(select(models.Archive.sha256)).all() == [kept.sha256]
    assert _collect(registry) == []


def test_what_was_stored_and_never_published_goes_after_the_grace_period(registry) -> None:
    registry.namespace("acme")
    orphan = registry.request("acme/bucket/aws", "1.0.0").sha256
    _claim(registry, orphan)
    assert _collect(registry, DAY) == []
    assert _collect(registry) == [orphan]


def test_what_this_database_never_heard_of_is_named_and_left_alone(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    stranger = registry.request("acme/bucket/aws", "2.0.0").sha256
    database = registry.database
    assert _collect(registry) == []
    assert list(collecting.strangers(database.read, registry.storage)) == [stranger]
    collecting.note(database.unit_of_work, stranger)
    assert list(collecting.strangers(database.read, registry.storage)) == []
    assert _collect(registry, DAY) == [] and _collect(registry) == [stranger]


def test_quarantined_and_revoked_versions_keep_their_bytes(registry) -> None:
    registry.namespace("acme")
    for version, action in (("1.0.0", "quarantine"), ("2.0.0", "revoke")):
        registry.publish("acme/bucket/aws", version)
        with registry.database.unit_of_work() as session:
            lifecycle.change(session, action, ADDRESS, Version.parse(version), Words("x"), OPERATOR)
    assert _collect(registry) == []


def test_a_publisher_that_comes_during_a_collection_stores_anew(registry) -> None:
    registry.namespace("acme")
    request = registry.request("acme/bucket/aws", "1.0.0")
    slow = _claim(registry, request.sha256)
    mark = _condemn(registry, request.sha256)
    assert mark is not None and _condemn(registry, request.sha256) is None
    for late in (slow, None):
        with pytest.raises(BeingCollectedError), registry.database.unit_of_work() as session:
            publishing.publish(session, registry.request("acme/bucket/aws", "1.0.0", claim=late))
    with pytest.raises(BeingCollectedError):
        _claim(registry, request.sha256)
    registry.storage.remove(archive_key(request.sha256))
    with registry.database.unit_of_work() as session:
        assert archive_claims.forget(session, request.sha256, mark)
    # Somebody else begins to store the same bytes; who slept through all of this still has none.
    fresh = _claim(registry, request.sha256)
    with pytest.raises(BeingCollectedError), registry.database.unit_of_work() as session:
        publishing.publish(session, registry.request("acme/bucket/aws", "1.0.0", claim=slow))
    registry.publish("acme/bucket/aws", "1.0.0", claim=fresh)
    assert _collect(registry) == [] and registry.storage.exists(archive_key(request.sha256))


def test_a_collector_that_died_is_succeeded_by_a_collector_or_a_publisher(registry) -> None:
    registry.namespace("acme")
    request = registry.request("acme/bucket/aws", "1.0.0")
    slow = _claim(registry, request.sha256)
    dead = _condemn(registry, request.sha256)
    later = COLLECTOR_LOST + timedelta(minutes=1)
    next_one = _condemn(registry, request.sha256, later)
    assert dead is not None and next_one is not None
    fresh = _claim(registry, request.sha256, 2 * later)
    with registry.database.unit_of_work() as session:
        assert not archive_claims.forget(session, request.sha256, dead)
        assert not archive_claims.forget(session, request.sha256, next_one)
    # Whether the dead one took the bytes nobody knows: only who stored after it may publish.
    with pytest.raises(BeingCollectedError), registry.database.unit_of_work() as session:
        publishing.publish(session, registry.request("acme/bucket/aws", "1.0.0", claim=slow))
    registry.publish("acme/bucket/aws", "1.0.0", claim=fresh)


@pytest.mark.checklist("F-12")
def test_F12_publishers_and_collectors_at_once_lose_no_bytes(registry) -> None:
    """All fight for one archive, with a grace period so short that a claim may lapse before it is used."""
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    base = registry.request("acme/bucket/aws", "1.0.1", "same")
    prepared = publishing.PreparedArchive(registry.archive_path(base.sha256).read_bytes(), base.sha256, base.h1)
    left = threading.Semaphore(0)

    def publish(number: int) -> None:
        for patch in range(3):
            version = Version(2, number, patch)
            while not _try_to_publish(registry, replace(base, version=version), prepared):
                pass
            if patch < 2:
                _remove(registry, str(version))

    def collect() -> None:
        while not left.acquire(timeout=0.001):
            database, grace = registry.database, timedelta(milliseconds=30)
            list(collecting.collect(database.read, database.unit_of_work, registry.storage, grace))

    failures = _at_once([*(partial(publish, number) for number in range(4)), collect, collect], left)
    assert not failures
    with registry.database.read() as session:
        living = session.scalar(select(func.count()).where(models.Version.state == "published"))
    assert living == 1 + 4
    assert registry.archive_path(base.sha256).read_bytes() == prepared.data


def _at_once(works: Sequence[Callable[[], None]], left: threading.Semaphore) -> list[Exception]:
    """Do all of it side by side; `left` is told of each that ended."""
    barrier, failures = threading.Barrier(len(works)), list[Exception]()

    def run(work: Callable[[], None]) -> None:
        barrier.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  # told by the caller
            failures.append(error)
        left.release()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return failures


def _try_to_publish(registry, request: PublishVersion, prepared: PreparedArchive) -> bool:
    """As a job does it: what was taken away in between is stored anew."""
    try:
        with registry.database.unit_of_work() as session:
            claim = archive_claims.claim(session, prepared.sha256)
        publishing.store(registry.storage, prepared)
        with registry.database.unit_of_work() as session:
            publishing.publish(session, replace(request, claim=claim))
    except (BeingCollectedError, ObjectMissingError):
        return False
    return True
