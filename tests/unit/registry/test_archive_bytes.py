"""Bytes that the kernel sends: the same in both forms, and no file outlives them."""

import os

import pytest

from registry.api.archive_bytes import ArchiveBytes

LARGE = bytes(range(256)) * 1_024


def test_few_bytes_have_no_file() -> None:
    few = ArchiveBytes(b"few")
    assert (few.data, few.file, len(few)) == (b"few", -1, 3)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="macOS only has plain bytes")
def test_the_file_holds_the_same_and_ends_with_them() -> None:
    kept = ArchiveBytes(LARGE)
    file = kept.file
    assert bytes(kept.data) == os.pread(file, len(LARGE) + 1, 0) == LARGE and len(kept) == len(LARGE)
    reading = kept.data[10:20]
    del kept
    with pytest.raises(OSError):
        os.fstat(file)
    assert bytes(reading) == LARGE[10:20], "who still reads may read on"


def test_there_are_only_so_many_files() -> None:
    kept = [ArchiveBytes(LARGE[: 33 << 10]) for _ in range(600)]
    files = [one.file for one in kept if one.file >= 0]
    assert len(files) <= 512 and all(one.data == LARGE[: 33 << 10] for one in kept)
    del kept
    assert ArchiveBytes(LARGE).file >= 0 or not hasattr(os, "memfd_create")
