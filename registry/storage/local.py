"""Storage in a local folder. Nothing is replaced: a finished file is linked into place, and links never overwrite."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from registry.storage.port import (
    INCOMING,
    ObjectDiffersError,
    ObjectMissingError,
    StorageRefusedError,
    StorageUnavailableError,
    Stored,
    check_archive,
    check_incoming,
    check_key,
)

# No key starts with a dot, so nothing unfinished can ever be asked for.
_UNFINISHED = ".unfinished"

_FULL = {
    errno.ENOSPC: "it is full",
    errno.EDQUOT: "its quota is used up",
    errno.EFBIG: "no larger file is allowed there",
}
_REFUSED = {
    errno.EACCES: "it may not be written to",
    errno.EPERM: "it may not be written to",
    errno.EROFS: "it is read-only",
}


class LocalStorage:
    """Keeps each object as one file under `root`."""

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self.root = root
        if not create:  # for reading: nothing is made, and a mount that cannot be written to will do
            next(root.iterdir(), None)
            return
        (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        with self._writing() as unfinished:
            self._make_folder(target.parent)
            _write(unfinished, (data,))
            # Somebody may have been first: what counts is whether the bytes are the same.
            with contextlib.suppress(FileExistsError):
                os.link(unfinished, target)
            _sync_folder(target.parent)
        try:
            kept = target.read_bytes()
        except FileNotFoundError:  # collected the moment it was there
            raise ObjectMissingError(key) from None
        if kept != data:
            raise ObjectDiffersError(key)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise ObjectMissingError(key) from None

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise ObjectMissingError(key) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def objects(self, prefix: str = "") -> Iterator[Stored]:
        for path in self._files(self.root / prefix):
            with contextlib.suppress(FileNotFoundError):
                about = path.stat()
                key = path.relative_to(self.root).as_posix()
                yield Stored(key, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def direct_url(self, key: str, begins: datetime, seconds: int) -> str | None:
        check_key(key)
        return None

    def stage(self, key: str, chunks: Iterable[bytes]) -> int:
        check_incoming(key)
        target = self._path(key)
        with self._writing() as unfinished:
            self._make_folder(target.parent)
            size = _write(unfinished, chunks)
            try:
                os.link(unfinished, target)
            except FileExistsError:
                raise ObjectDiffersError(key) from None
            _sync_folder(target.parent)
        return size

    def discard(self, key: str) -> None:
        check_incoming(key)
        self._path(key).unlink(missing_ok=True)

    def staged(self, before: datetime) -> tuple[str, ...]:
        for unfinished in _older(self.root / _UNFINISHED, before):
            unfinished.unlink(missing_ok=True)
        found = _older(self.root / INCOMING, before)
        return tuple(sorted(path.relative_to(self.root).as_posix() for path in found))

    def remove(self, key: str) -> None:
        check_archive(key)
        path = self._path(key)
        if path.exists():
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)

    def _files(self, folder: Path) -> Iterator[Path]:
        for parent, folders, names in os.walk(folder):
            if _UNFINISHED in folders:
                folders.remove(_UNFINISHED)
            yield from (Path(parent, name) for name in names)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Path]:
        """A file of its own to write into, which is gone afterwards, and what the disk refuses in our words (F-16)."""
        unfinished = self.root / _UNFINISHED / secrets.token_hex(16)
        try:
            yield unfinished
        except OSError as error:
            name = f"The storage {self.root} failed at writing"
            if error.errno in _FULL:
                told = f"{name}: {_FULL[error.errno]}: make room; what is stored is still served."
                raise StorageUnavailableError(told, 60.0) from error
            if error.errno in _REFUSED:
                told = f"{name}: {_REFUSED[error.errno]}: give this process's user the right to write there."
                raise StorageRefusedError(told) from error
            raise
        finally:
            unfinished.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        check_key(key)
        return self.root / key

    def _make_folder(self, folder: Path) -> None:
        """Create what is missing, and make each new name durable in the folder above it."""
        missing = [one for one in (folder, *folder.parents) if one.is_relative_to(self.root) and not one.exists()]
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            _sync_folder(one.parent)


def _write(path: Path, chunks: Iterable[bytes]) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        size = sum(file.write(chunk) for chunk in chunks)
        file.flush()
        os.fsync(file.fileno())
    return size


def _older(folder: Path, before: datetime) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        # A file may be finished, or taken away, while we look.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                found.append(path)
    return found


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
