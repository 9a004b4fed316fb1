"""The contract every storage keeps: written once, read back, never over. Runs on each kind there is."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core import clock
from registry.storage.local import LocalStorage
from registry.storage.opening import examine
from registry.storage.port import (
    InvalidKeyError,
    ObjectDiffersError,
    ObjectMissingError,
    Storage,
    archive_key,
    archives,
)


def test_what_was_put_is_there(storage: Storage) -> None:
    data = os.urandom(300_000)
    assert not storage.exists("a/b.tar.gz")
    storage.put("a/b.tar.gz", data)
    assert storage.exists("a/b.tar.gz") and storage.size("a/b.tar.gz") == len(data)
    with storage.open("a/b.tar.gz") as stream:
        assert stream.read() == data
        stream.seek(100)
        assert stream.read(5) == data[100:105]


@pytest.mark.checklist("P-02")
def test_P02_nothing_is_ever_overwritten(storage: Storage) -> None:
    storage.put("a", b"first")
    storage.put("a", b"first")
    with pytest.raises(ObjectDiffersError):
        storage.put("a", b"other")
    with storage.open("a") as stream:
        assert stream.read() == b"first"


@pytest.mark.checklist("F-12")
def test_F12_of_many_at_once_one_wins_and_the_others_are_told(storage: Storage) -> None:
    barrier, won, lost = threading.Barrier(8), [], []

    def put(number: int) -> None:
        data = b"%d" % (number % 4) * 10_000
        barrier.wait()
        try:
            storage.put("raced", data)
            won.append(data)
        except ObjectDiffersError:
            lost.append(data)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 2 and len(lost) == 6 and len(set(won)) == 1
    with storage.open("raced") as stream:
        assert stream.read() == won[0]


def test_what_is_not_there_is_missing(storage: Storage) -> None:
    with pytest.raises(ObjectMissingError):
        storage.open("none")
    with pytest.raises(ObjectMissingError):
        storage.size("none")


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "A", "a\n", "a b", "a\\b", "a" * 129, "é"]
)
def test_a_strange_key_is_refused(storage: Storage, key: str) -> None:
    putting, addressing = lambda one: storage.put(one, b""), lambda one: storage.direct_url(one, clock.now(), 60)
    for use in (storage.open, storage.size, storage.exists, putting, addressing):
        with pytest.raises(InvalidKeyError):
            use(key)


def test_a_stream_is_staged_piece_by_piece_and_can_be_discarded(storage: Storage) -> None:
    pieces = [os.urandom(70_000) for _ in range(5)]
    assert storage.stage("incoming/a.tar.gz", iter(pieces)) == 350_000
    with storage.open("incoming/a.tar.gz") as stream:
        assert stream.read() == b"".join(pieces)
    storage.discard("incoming/a.tar.gz")
    storage.discard("incoming/a.tar.gz")
    assert not storage.exists("incoming/a.tar.gz")


@pytest.mark.parametrize("size", [0, 1, 5 << 20, (11 << 20) + 7])
def test_a_stream_of_any_length_is_staged_whole(storage: Storage, size: int) -> None:
    data = os.urandom(1 << 20) * (size // (1 << 20)) + os.urandom(size % (1 << 20))
    pieces = (data[start : start + 300_000] for start in range(0, size, 300_000))
    assert storage.stage("incoming/a.tar.gz", pieces) == size == storage.size("incoming/a.tar.gz")
    with storage.open("incoming/a.tar.gz") as stream:
        assert stream.read() == data
    again = (data[start : start + 900_000] for start in range(0, size, 900_000))
    with pytest.raises(ObjectDiffersError):
        storage.stage("incoming/a.tar.gz", again)
    storage.discard("incoming/a.tar.gz")
    assert storage.staged(clock.now() + timedelta(minutes=1)) == ()


def test_a_stream_is_read_from_anywhere(storage: Storage) -> None:
    data = os.urandom(700_000)
    storage.put("a", data)
    with storage.open("a") as stream:
        for start in (650_000, 3, 699_999, 0, 700_000):
            assert stream.seek(start) == start == stream.tell()
            assert stream.read(100_000) == data[start : start + 100_000]
        assert stream.seek(-5, os.SEEK_END) == 699_995 and stream.read() == data[-5:] and stream.read() == b""


def test_everything_that_is_kept_is_listed(storage: Storage) -> None:
    assert list(storage.objects()) == []
    before = clock.now() - timedelta(minutes=1)
    keys = ["archives/a-b", "archives/a.b", "archives/a/b", "archives/a0", "incoming/x", "other"]
    for number, key in enumerate(reversed(keys)):
        storage.put(key, b"x" * number)
    found = sorted((one.key, one.size) for one in storage.objects())
    assert found == [(key, 5 - at) for at, key in enumerate(keys)]
    assert sorted(one.key for one in storage.objects("archives/")) == keys[:4]
    assert list(storage.objects("nothing/")) == []
    assert all(before < one.modified < clock.now() + timedelta(minutes=1) for one in storage.objects())


@pytest.mark.checklist("R17", "R26")
def test_R17_R26_a_direct_address_is_the_same_for_the_same_window(storage: Storage) -> None:
    storage.put("a", b"data")
    begins = clock.now().replace(microsecond=0) - timedelta(seconds=30)
    url = storage.direct_url("a", begins, 120)
    assert url == storage.direct_url("a", begins, 120)
    if url is None:  # a folder has no addresses
        return
    assert url != storage.direct_url("a", begins + timedelta(seconds=1), 120)
    got = httpx.get(url)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, b"data", "application/gzip")
    assert "content-encoding" not in got.headers
    assert httpx.get(url, headers={"Range": "bytes=1-2"}).content == b"at"
    # HEAD is another request than the signed one; and neither another object, nor a later moment, is opened.
    assert httpx.head(url).status_code == 403
    assert httpx.get(url.replace("/a?", "/b?")).status_code == 403
    past = storage.direct_url("a", begins - timedelta(seconds=200), 120)
    assert past and httpx.get(past).status_code == 403
    assert httpx.get(url.replace("Expires=120", "Expires=1200")).status_code == 403


def test_a_storage_proves_itself_and_leaves_nothing(storage: Storage) -> None:
    storage.put("archives/a", b"data")
    assert examine(storage)[-1] == "taken away"
    assert [one.key for one in storage.objects()] == ["archives/a"]


def test_what_is_staged_is_written_once(storage: Storage) -> None:
    storage.stage("incoming/a", [b"first"])
    for again in (b"first", b"other"):
        with pytest.raises(ObjectDiffersError):
            storage.stage("incoming/a", [again])
    with storage.open("incoming/a") as stream:
        assert stream.read() == b"first"


@pytest.mark.checklist("F-12")
def test_F12_of_many_that_stage_under_one_key_one_wins(storage: Storage) -> None:
    barrier, won, lost = threading.Barrier(4), [], []

    def stage(number: int) -> None:
        barrier.wait()
        try:
            storage.stage("incoming/raced", (b"%02d" % number for _ in range(10_000)))
            won.append(number)
        except ObjectDiffersError:
            lost.append(number)

    threads = [threading.Thread(target=stage, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(lost) == 3
    with storage.open("incoming/raced") as stream:
        assert stream.read() == b"%02d" % won[0] * 10_000


def test_a_stream_that_breaks_leaves_nothing(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.stage("incoming/a", broken())
    assert not storage.exists("incoming/a")
    assert storage.staged(clock.now() + timedelta(minutes=1)) == ()


def test_only_what_is_staged_can_be_discarded(storage: Storage) -> None:
    key = archive_key("a" * 64)
    storage.put(key, b"published")
    storage.put("incoming-not", b"kept")
    for outside in (key, "incoming-not", "incoming", "incoming/../archives", "incoming/"):
        with pytest.raises(InvalidKeyError):
            storage.discard(outside)
        with pytest.raises(InvalidKeyError):
            storage.stage(outside, [b"x"])
    assert storage.exists(key) and storage.exists("incoming-not")


def test_what_was_staged_is_listed_by_age(storage: Storage) -> None:
    storage.put(archive_key("b" * 64), b"published")
    storage.stage("incoming/b", [b"1"])
    storage.stage("incoming/a", [b"2"])
    assert storage.staged(clock.now() - timedelta(hours=1)) == ()
    assert storage.staged(clock.now() + timedelta(minutes=1)) == ("incoming/a", "incoming/b")


def test_an_archive_is_removed_and_may_come_again(storage: Storage) -> None:
    key, other = archive_key("a" * 64), archive_key("b" * 64)
    storage.put(key, b"collected")
    storage.put(other, b"kept")
    assert sorted(archives(storage)) == ["a" * 64, "b" * 64]
    for _ in range(2):
        storage.remove(key)
        assert not storage.exists(key) and list(archives(storage)) == ["b" * 64]
    storage.put(key, b"again")
    with storage.open(key) as stream:
        assert stream.read() == b"again"


def test_only_an_archive_can_be_removed(storage: Storage) -> None:
    storage.stage("incoming/a", [b"staged"])
    storage.put("kept", b"kept")
    other_folder = f"archives/sha256/bb/{'a' * 64}.tar.gz"
    for wrong in ("incoming/a", "kept", "archives/sha256", "archives/sha256/aa", other_folder, "", "../kept"):
        with pytest.raises(InvalidKeyError):
            storage.remove(wrong)
    assert storage.exists("kept") and storage.exists("incoming/a") and list(archives(storage)) == []


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_only_a_digest_names_an_archive(digest: str) -> None:
    with pytest.raises(InvalidKeyError):
        archive_key(digest)


def test_local_storage_leaves_nothing_unfinished_behind(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a/b", b"data")
    with pytest.raises(ObjectDiffersError):
        storage.put("a/b", b"other")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b"]


def test_local_storage_clears_away_what_a_dead_process_left_unfinished(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    left = tmp_path / ".unfinished" / "half"
    left.write_bytes(b"half of it")
    storage.staged(clock.now() - timedelta(hours=1))
    assert left.exists()
    storage.staged(clock.now() + timedelta(minutes=1))
    assert not left.exists()
