"""Storage in a local folder. Nothing is replaced: a finished file is linked into place, and links never overwrite."""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from registry.storage.port import (
    ARCHIVES,
    INCOMING,
    ObjectDiffersError,
    ObjectMissingError,
    check_archive,
    check_incoming,
    check_key,
)

# No key starts with a dot, so nothing unfinished can ever be asked for.
_UNFINISHED = ".unfinished"


class LocalStorage:
    """Keeps each object as one file under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        self._make_folder(target.parent)
        unfinished = self.root / _UNFINISHED / secrets.token_hex(16)
        try:
            _write(unfinished, (data,))
            # Somebody may have been first: what counts is whether the bytes are the same.
            with contextlib.suppress(FileExistsError):
                os.link(unfinished, target)
            _sync_folder(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)
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

    def stage(self, key: str, chunks: Iterable[bytes]) -> int:
        check_incoming(key)
        target = self._path(key)
        self._make_folder(target.parent)
        unfinished = self.root / _UNFINISHED / secrets.token_hex(16)
        try:
            size = _write(unfinished, chunks)
            os.link(unfinished, target)
            _sync_folder(target.parent)
        except FileExistsError:
            raise ObjectDiffersError(key) from None
        finally:
            unfinished.unlink(missing_ok=True)
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

    def archives(self) -> Iterator[str]:
        for folder in sorted((self.root / ARCHIVES).glob("??")):
            yield from (path.name.removesuffix(".tar.gz") for path in sorted(folder.glob("*.tar.gz")))

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
