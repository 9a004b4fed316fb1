"""`terrasmith storage`: try one out, and copy one into another, with a folder and a real S3 server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core.errors import UserError
from registry.services import publishing
from registry.storage.local import LocalStorage
from registry.storage.migrating import migrate
from registry.storage.port import ObjectMissingError, archive_key
from registry.storage.s3 import S3Storage
from terrasmith.main import app
from tests.faulty_road import Fault, faulty_road
from tests.s3_server import REGION, S3Server
from tfmodule.archive import Entry


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["storage", *arguments])


def _fill(storage: LocalStorage, number: int) -> list[str]:
    """Archives under their digests, and one upload under way."""
    digests = []
    for count in range(number):
        prepared = publishing.prepare([Entry("main.tf", b"# %d\n" % count)])
        publishing.store(storage, prepared)
        digests.append(prepared.sha256)
    storage.stage("incoming/upl_1", [b"x" * 10_000])
    return digests


@pytest.fixture
def folder(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "old")


@pytest.fixture
def bucket(open_s3: Callable[..., S3Storage]) -> S3Storage:
    return open_s3()


@pytest.fixture
def address(bucket: S3Storage) -> str:
    return _address(bucket, bucket.place.endpoint)


def _address(bucket: S3Storage, endpoint: Any) -> str:
    return f"s3://{bucket.place.name}/{bucket.place.prefix}?endpoint={endpoint}&region={REGION}&style=path&attempts=1"


def test_a_migration_copies_all_of_it_there_and_back(
    folder: LocalStorage, bucket: S3Storage, address: str, tmp_path: Path
) -> None:
    digests = _fill(folder, 5)
    (folder.root / "lost+found").mkdir()
    (folder.root / "lost+found" / "Odd Name").write_text("not ours")
    done = _run("migrate", "--from", f"file://{folder.root}", "--to", address)
    assert done.exit_code == 0, done.output
    assert done.stdout == "copied 6, present 0, failed 0, skipped 1\n"
    assert sorted(one.key for one in bucket.objects()) == sorted([*map(archive_key, digests), "incoming/upl_1"])
    again = _run("migrate", "--from", f"file://{folder.root}", "--to", address, "--quick")
    assert (again.exit_code, again.stdout) == (0, "copied 0, present 6, failed 0, skipped 1\n")
    back = _run("migrate", "--from", address, "--to", f"file://{tmp_path}/back", "--at-once", "1")
    assert (back.exit_code, back.stdout) == (0, "copied 6, present 0, failed 0\n")
    for digest in digests:
        assert LocalStorage(tmp_path / "back").size(archive_key(digest)) == folder.size(archive_key(digest))
    assert len(list(folder.objects())) == 7, "nothing is deleted"


def test_what_is_damaged_or_different_is_told_and_the_rest_is_copied(
    folder: LocalStorage, bucket: S3Storage, address: str
) -> None:
    damaged, taken, same_length, good = _fill(folder, 4)
    path = folder.root / archive_key(damaged)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    bucket.put(archive_key(taken), b"other")
    bucket.put(archive_key(same_length), b"x" * folder.size(archive_key(same_length)))
    done = _run("migrate", "--from", f"file://{folder.root}", "--to", address)
    assert done.exit_code == 1 and done.stdout == "copied 2, present 0, failed 3\n"
    for digest, reason in ((damaged, "restore it first"), (taken, "other bytes"), (same_length, "other bytes")):
        assert any(digest in line and reason in line for line in done.stderr.splitlines())
    assert not bucket.exists(archive_key(damaged)) and bucket.exists(archive_key(good))
    assert bucket.size(archive_key(taken)) == 5


def test_a_migration_goes_on_where_an_outage_stopped_it(
    folder: LocalStorage, bucket: S3Storage, s3_server: S3Server
) -> None:
    digests = _fill(folder, 6)
    with faulty_road(s3_server.port) as road:
        far = _address(bucket, road.endpoint)
        road.faults = [Fault("PUT", answer=(503, "SlowDown"), path="archives", after=2, times=2)]
        done = _run("migrate", "--from", f"file://{folder.root}", "--to", far)
        assert done.exit_code == 1 and done.stdout == "copied 5, present 0, failed 2\n"
        road.faults = [Fault("PUT", answer=(403, "AccessDenied"), path="archives", times=99)]
        refused = _run("migrate", "--from", f"file://{folder.root}", "--to", far)
        assert isinstance(refused.exception, UserError)
        assert "Run it again to go on" in str(refused.exception) and "s3:PutObject" in str(refused.exception)
        road.faults = []
        again = _run("migrate", "--from", f"file://{folder.root}", "--to", far)
        assert again.exit_code == 0 and again.stdout == "copied 2, present 5, failed 0\n"
    assert all(bucket.exists(archive_key(digest)) for digest in digests)


class _Vanishing(LocalStorage):
    """Its uploads are settled, and taken away, between the listing and the copy."""

    def open(self, key: str) -> Any:
        if key.startswith("incoming/"):
            raise ObjectMissingError(key)
        return super().open(key)


def test_what_goes_while_we_copy_is_no_failure(tmp_path: Path) -> None:
    source = _Vanishing(tmp_path / "old")
    _fill(source, 1)
    found = {moved.key: moved.outcome for moved in migrate(source, LocalStorage(tmp_path / "new"))}
    assert sorted(found.values()) == ["copied", "gone"] and found["incoming/upl_1"] == "gone"


def test_a_check_says_what_works_or_what_to_do(
    bucket: S3Storage, address: str, tmp_path: Path, monkeypatch: Any
) -> None:
    done = _run("check", address)
    assert (done.exit_code, done.stdout.splitlines()[0], len(done.stdout.splitlines())) == (0, "ok  written", 5)
    assert list(bucket.objects()) == []
    monkeypatch.setenv("TERRASMITH_DATA_DIR", str(tmp_path))
    assert _run("check").exit_code == 0
    for wrong, told in (
        (address.replace("terrasmith-test", "terrasmith-none"), "no such bucket"),
        ("s3://modules?style=x", "ADDRESS is wrong: style"),
        ("file:///dev/null/x", "ADDRESS is wrong: not a directory"),
        (address + "&profile=nobody", "no profile of that name"),
    ):
        failed = _run("check", wrong)
        assert isinstance(failed.exception, UserError) and told in str(failed.exception)
    same = _run("migrate", "--from", address, "--to", address)
    assert isinstance(same.exception, UserError) and "same storage" in str(same.exception)


def test_a_source_that_is_missing_or_empty_is_told_and_left_alone(tmp_path: Path) -> None:
    nope, target = tmp_path / "nope", tmp_path / "new"
    refused = _run("migrate", "--from", f"file://{nope}", "--to", f"file://{target}")
    assert isinstance(refused.exception, UserError)
    assert str(refused.exception) == "--from is wrong: no such file or directory."
    assert not nope.exists() and not target.exists()
    nope.write_text("a file")
    assert "not a directory" in str(_run("migrate", "--from", f"file://{nope}", "--to", f"file://{target}").exception)
    for names in ((), ("Notes",)):
        old = tmp_path / f"old-{len(names)}"
        old.mkdir()
        for name in names:
            (old / name).write_text("not ours")
        empty = _run("migrate", "--from", f"file://{old}", "--to", f"file://{target}")
        assert isinstance(empty.exception, UserError) and "holds nothing" in str(empty.exception)
        assert [one.name for one in old.iterdir()] == list(names), "a source is only read"


def test_an_empty_bucket_is_no_source(address: str, tmp_path: Path) -> None:
    empty = _run("migrate", "--from", address, "--to", f"file://{tmp_path}/new")
    assert isinstance(empty.exception, UserError) and "holds nothing" in str(empty.exception)


def test_help_tells_the_truth() -> None:
    told = _run("--help").stdout
    assert "check" in told and "migrate" in told
    for option in ("--from", "--to", "--quick", "--at-once"):
        assert option in _run("migrate", "--help").stdout
