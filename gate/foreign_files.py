"""Files in a folder where a stranger's program may have been: no link leads us out, no size and no depth stops us.

What such a program leaves behind may be anything: a link in a folder's place, a million files, folders that nobody may
read, a tree deeper than a path is long. Whatever touches it later goes through here.
"""

import errno
import fcntl
import itertools
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core import clock

LARGEST = 32 << 20
"""Bytes; no file of a module is as large, and a larger one is not read into our memory."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_ONCE = 1000
_OURS = "terrasmith-"
SWEPT = ("gate", "scan", "trivy", "tflint")
"""Names for `temporary`, of folders that live as long as one judgement."""
_NEW_SECONDS = 3600.0
"""So young a folder may be one that an earlier release, which did not hold it, still works in."""


def write_file(folder: Path, path: str, data: bytes) -> None:
    """A new file below the folder. Its path was checked; a link or a file that is there already is an error."""
    folder.mkdir(parents=True, exist_ok=True)
    with _parent(folder, path, make=True) as (place, name):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o644, dir_fd=place), "wb") as file:
            file.write(data)


def read_file(folder: Path, path: str, largest: int = LARGEST) -> bytes:
    """A file that an engine may have rewritten. Raises OSError for a link, and for what is larger than it may be."""
    with os.fdopen(_open_inside(folder, path, os.O_RDONLY), "rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return data


def rewrite_file(folder: Path, path: str, data: bytes) -> None:
    """Put other content into a file that is there, with the same care."""
    with os.fdopen(_open_inside(folder, path, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.write(data)


def remove_file(folder: Path, path: str) -> None:
    """Take a file away, or the link in its place; nothing there is no error."""
    with suppress(FileNotFoundError), _parent(folder, path) as (place, name):
        os.unlink(name, dir_fd=place)


def empty(folder: Path) -> None:
    """Take away all that is below the folder; OSError when something stays. The folder itself must be ours.

    Folders are moved up before they are emptied, so neither their depth nor the length of their path matters.
    """
    top = os.open(folder, _FOLDER)
    pile = -1
    try:
        aside = f".gone-{secrets.token_hex(8)}"
        fresh = map(str, itertools.count())
        os.mkdir(aside, dir_fd=top)
        pile = os.open(aside, _FOLDER, dir_fd=top)
        _take_files(top, pile, fresh, but=aside)
        while found := _some(pile):
            for name, _ in found:
                below = os.open(name, _FOLDER, dir_fd=pile)
                try:
                    _take_files(below, pile, fresh)
                finally:
                    os.close(below)
                os.rmdir(name, dir_fd=pile)
        os.rmdir(aside, dir_fd=top)
    finally:
        os.close(top)
        if pile >= 0:
            os.close(pile)


def take_away(folder: Path) -> None:
    """Remove a folder of ours with all that is in it, as far as that can be done."""
    with suppress(OSError):
        empty(folder)
        folder.rmdir()


@contextmanager
def temporary(name: str, parent: str | None = None) -> Iterator[Path]:
    """A fresh folder for a stranger's program, held while the block runs and gone afterwards."""
    # Resolved, because Terraform reports real paths and a temporary directory is a link on some systems.
    folder = Path(tempfile.mkdtemp(prefix=f"{_OURS}{name}-", dir=parent)).resolve()
    try:
        with held(folder):
            yield folder
    finally:
        take_away(folder)


def sweep(parent: Path) -> None:
    """Take away what a killed process of this user left there. What is in use is held, and left alone."""
    before = clock.now().timestamp() - _NEW_SECONDS
    for folder in (folder for name in SWEPT for folder in parent.glob(f"{_OURS}{name}-*")):
        with suppress(OSError):
            if folder.lstat().st_mtime < before:
                take_away_if_left(folder)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """While the block runs, `take_away_if_left` sees that somebody needs the folder; the kernel ends it with us."""
    handle = os.open(folder, _FOLDER)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def take_away_if_left(folder: Path) -> None:
    """Remove a folder that nobody holds any more."""
    with suppress(OSError):
        handle = os.open(folder, _FOLDER)
        try:
            if os.fstat(handle).st_uid == os.geteuid():
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                take_away(folder)
        finally:
            os.close(handle)


def _take_files(place: int, pile: int, fresh: Iterator[str], *, but: str = "") -> None:
    """Unlink a folder's files, and move its folders onto the pile under fresh names, to wait there for their turn."""
    while found := _some(place, but):
        for name, is_folder in found:
            if is_folder:
                _unlock(place, name)
                os.rename(name, next(fresh), src_dir_fd=place, dst_dir_fd=pile)
            else:
                os.unlink(name, dir_fd=place)


def _some(place: int, but: str = "") -> list[tuple[str, bool]]:
    """A few of a folder's entries, and which of them are folders: a list of all might not fit into memory."""
    with os.scandir(place) as entries:
        others = (entry for entry in entries if entry.name != but)
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in itertools.islice(others, _AT_ONCE)]


def _unlock(place: int, name: str) -> None:
    """Make a folder ours to change: its maker may have shut it for everybody but root."""
    if os.stat(name, dir_fd=place, follow_symlinks=False).st_mode & stat.S_IRWXU == stat.S_IRWXU:
        return
    if os.chmod in os.supports_follow_symlinks:
        os.chmod(name, stat.S_IRWXU, dir_fd=place, follow_symlinks=False)
        return
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)
    finally:
        os.close(handle)


@contextmanager
def _parent(folder: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that holds a file, as a descriptor, and the file's name in it. No link is followed on the way."""
    *parents, name = path.split("/")
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for parent in parents:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(parent, dir_fd=place)
            below = os.open(parent, _FOLDER, dir_fd=place)
            os.close(place)
            place = below
        yield place, name
    finally:
        os.close(place)


def _open_inside(folder: Path, path: str, flags: int) -> int:
    with _parent(folder, path) as (place, name):
        # A pipe in the file's place would keep us waiting; whatever else it is, only a regular file is read.
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ELOOP, "not a regular file", path)
    return descriptor
