"""Bytes in the storage, on both databases: read back before they count, and read again by the sweep (F-17, F-18)."""

import io
from datetime import timedelta
from typing import BinaryIO

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from core import clock
from core.models import OutboxRow
from registry import models
from registry.services import lifecycle, publishing, sweeping
from registry.storage.port import ObjectDiffersError, ObjectMissingError
from terrasmith.main import app
from tests.audited import audited
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.version import Version

FILES = [Entry("main.tf", b"# a\n")]


class LyingStorage:
    """Takes everything, says that all is well, and gives back something else."""

    def __init__(self, given: bytes | None) -> None:
        self.given = given

    def put(self, key: str, data: bytes) -> None: ...

    def open(self, key: str) -> BinaryIO:
        if self.given is None:
            raise ObjectMissingError(key)
        return io.BytesIO(self.given)

    def size(self, key: str) -> int:
        return len(self.given or b"")

    def exists(self, key: str) -> bool:
        return True


@pytest.mark.checklist("F-17")
@pytest.mark.parametrize("lie", ["flipped", "cut", "longer", "empty", "nothing"])
def test_F17_a_storage_that_gives_back_other_bytes_publishes_nothing(lie: str) -> None:
    prepared = publishing.prepare(FILES)
    good = prepared.data
    given = {
        "flipped": good[:40] + bytes([good[40] ^ 1]) + good[41:],
        "cut": good[:-1],
        "longer": good + b"x",
        "empty": b"",
        "nothing": None,
    }[lie]
    with pytest.raises(ObjectMissingError if given is None else ObjectDiffersError):
        publishing.store(LyingStorage(given), prepared)
    publishing.store(LyingStorage(good), prepared)


def _sweep(registry) -> list[sweeping.Damage | None]:
    with registry.database.read() as session:
        due = sweeping.due(session, clock.now() + timedelta(seconds=1), 100)
    found = [(one.sha256, sweeping.examine(registry.storage, one.sha256, one.size)) for one in due]
    with registry.database.unit_of_work() as session:
        for sha256, damage in found:
            sweeping.note(session, sha256, damage)
    return [damage for _, damage in found]


def _spoil(registry, sha256: str, how: str) -> bytes:
    path = registry.archive_path(sha256)
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        path.chmod(0o600)
        path.write_bytes(data[:30] + bytes([data[30] ^ 1]) + data[31:])
    return data


@pytest.mark.checklist("F-18")
@pytest.mark.parametrize("how", ["missing", "unreadable", "differs"])
def test_F18_one_sweep_finds_bad_bytes_and_tells_them_once(registry, how: str, monkeypatch) -> None:
    registry.namespace("acme")
    bad = registry.publish("acme/bucket/aws", "1.0.0")
    good = registry.publish("acme/bucket/aws", "1.1.0")
    client = TestClient(registry.app, raise_server_exceptions=False)
    assert client.get("/readyz").json()["archives"] == "ok"
    data = _spoil(registry, bad.sha256, how)
    assert sorted(map(str, _sweep(registry))) == sorted([how, "None"])
    assert how in map(str, _sweep(registry))
    with registry.database.read() as session:
        told = session.scalars(select(OutboxRow).where(OutboxRow.event == "ArchiveDamaged")).all()
        assert [row.payload for row in told] == [{"sha256": bad.sha256, "damage": how}]
        actions = [one.action for one in audited(session, f"version:{bad.id}")]
        assert actions == ["version.publish", "version.damaged"]
        assert [one.action for one in audited(session, f"version:{good.id}")] == ["version.publish"]
        assert session.get_one(models.Version, bad.id).verified_at == bad.published_at
        assert (session.get_one(models.Version, good.id).verified_at or bad.published_at) > good.published_at
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["archives"]) == (200, "damaged")
    monkeypatch.setenv("DATABASE_URL", registry.database.url)
    listed = CliRunner().invoke(app, ["version", "list", "--broken"])
    assert listed.exit_code == 1 and how in listed.stdout and "1.0.0" in listed.stdout and "1.1.0" not in listed.stdout

    path = registry.archive_path(bad.sha256)
    if path.is_dir():
        path.rmdir()
    path.write_bytes(data)
    assert _sweep(registry) == [None, None]
    assert client.get("/readyz").json()["archives"] == "ok"
    with registry.database.read() as session:
        assert audited(session, f"version:{bad.id}")[-1].action == "version.repaired"


@pytest.mark.checklist("F-18")
def test_F18_a_bounded_sweep_takes_the_longest_unread_first_and_comes_round(registry) -> None:
    registry.namespace("acme")
    published = [registry.publish("acme/bucket/aws", f"1.{number}.0") for number in range(7)]
    seen: list[str] = []
    for _ in range(4):
        with registry.database.read() as session:
            due = sweeping.due(session, clock.now() + timedelta(seconds=1), 2)
        assert len(due) == 2
        seen += [one.sha256 for one in due]
        with registry.database.unit_of_work() as session:
            for one in due:
                sweeping.note(session, one.sha256, None)
    assert seen == [one.sha256 for one in published] + [published[0].sha256]


def test_versions_with_the_same_bytes_are_read_once_and_tombstones_never(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/other/aws", "1.0.0", repository_id=8)
    removed = registry.publish("acme/other/aws", "2.0.0", repository_id=8)
    with registry.database.unit_of_work() as session:
        lifecycle.remove(session, Address("acme", "other", "aws"), Version(2, 0, 0), "wrong", "operator")
    registry.archive_path(removed.sha256).unlink()
    assert _sweep(registry) == [None]
    with registry.database.read() as session:
        assert session.scalar(select(func.count()).where(models.Version.damage.is_not(None))) == 0
        assert not sweeping.any_damaged(session)
