"""Files where a stranger's program may have been: nothing leads out, and everything can be taken away."""

import os
import stat
from pathlib import Path

import pytest

from gate.foreign_files import (
    empty,
    held,
    read_file,
    remove_file,
    rewrite_file,
    sweep,
    take_away,
    take_away_if_left,
    write_file,
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_bytes(b"ours")
    return folder


@pytest.mark.checklist("T-21")
def test_no_link_leads_a_writer_a_reader_or_a_remover_out(outside: Path, tmp_path: Path) -> None:
    """A warm engine's job is written in turns, between which the engine may have put a link in a folder's place."""
    work = tmp_path / "work"
    write_file(work, "modules/a/main.tf", b"x")
    assert read_file(work, "modules/a/main.tf") == b"x"
    (work / "modules" / "b").symlink_to(outside)
    (work / "link").symlink_to(outside / "file")
    for act in (
        lambda: write_file(work, "modules/b/new", b"x"),
        lambda: write_file(work, "link", b"x"),
        lambda: read_file(work, "modules/b/file"),
        lambda: read_file(work, "link"),
        lambda: rewrite_file(work, "modules/b/file", b"x"),
        lambda: rewrite_file(work, "link", b"x"),
        lambda: remove_file(work, "modules/b/file"),
    ):
        with pytest.raises(OSError, match=r"link|b|directory"):
            act()
    remove_file(work, "link")
    remove_file(work, "nothing/there")
    assert not (work / "link").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_bytes() == b"ours"


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="too large"):
        read_file(tmp_path, "sparse")


@pytest.mark.checklist("T-30")
def test_everything_can_be_taken_away(outside: Path, tmp_path: Path) -> None:
    """Deeper than Python recurses and than a path is long, shut for everybody, full of links."""
    work = tmp_path / "work"
    work.mkdir()
    place = os.open(work, os.O_RDONLY)
    for number in range(1500):
        os.mkdir("down", dir_fd=place)
        os.symlink(outside, "link", dir_fd=place)
        below = os.open("down", os.O_RDONLY, dir_fd=place)
        if number % 500 == 0:
            os.fchmod(below, 0)
        os.close(place)
        place = below
    os.close(place)
    for number in range(1100):
        (work / str(number)).mkdir()
    (work / "0" / "shut").mkdir(mode=0)
    empty(work)
    assert list(work.iterdir()) == []
    take_away(work)
    assert not work.exists()
    assert (outside / "file").read_bytes() == b"ours"


def test_a_link_in_the_folders_place_is_not_emptied(outside: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    take_away(tmp_path / "link")
    with pytest.raises(OSError, match=r"link|directory"):
        empty(tmp_path / "link")
    assert stat.S_ISREG((outside / "file").stat().st_mode)


def test_a_folder_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with held(folder):
        take_away_if_left(folder)
        assert folder.exists()
    take_away_if_left(folder)
    assert not folder.exists()


def test_what_killed_processes_left_is_swept(tmp_path: Path) -> None:
    left, used, young, other = (
        tmp_path / name for name in ("terrasmith-gate-a", "terrasmith-scan-b", "terrasmith-gate-c", "terrasmith-demo-d")
    )
    for folder in (left, used, young, other):
        (folder / "work").mkdir(parents=True)
        if folder != young:
            os.utime(folder, (0, 0))
    with held(used):
        sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in (used, young, other))
