"""Refs as files, moved by compare-and-swap under git's own lock files. It refuses names that git refuses."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .objects import SHA

BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(^|/)\.|\.lock(/|$)|\.$|/$|^-|^@$|(^|/)-")


class RefConflictError(Exception):
    """The ref is not where the caller thought, is locked, or its name collides with another ref's folder."""


def good_name(ref: str) -> bool:
    return ref.startswith("refs/") and ref.count("/") >= 2 and not BAD_REF.search(ref)


class Refs:
    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir

    def get(self, ref: str) -> str | None:
        if not good_name(ref):
            return None
        try:
            text = (self.git_dir / ref).read_text("ascii").strip()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return self._packed().get(ref)
        return text if SHA.fullmatch(text) else None

    def all(self, prefix: str = "refs/") -> dict[str, str]:
        found = {ref: sha for ref, sha in self._packed().items() if ref.startswith(prefix)}
        root = self.git_dir / "refs"
        for folder, _, names in os.walk(root):
            for name in names:
                ref = (Path(folder) / name).relative_to(self.git_dir).as_posix()
                if ref.startswith(prefix) and not ref.endswith(".lock"):
                    sha = self.get(ref)
                    if sha:
                        found[ref] = sha
        return dict(sorted(found.items()))

    def _packed(self) -> dict[str, str]:
        try:
            lines = (self.git_dir / "packed-refs").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = [line.split(" ") for line in lines if line and line[0] not in "#^"]
        return {ref: sha for sha, ref in pairs}

    def swap(self, ref: str, old: str | None, new: str) -> None:
        """Move `ref` from `old` (None: it must not exist) to `new`."""
        path = self.git_dir / ref
        lock = self._lock(ref)
        try:
            if self.get(ref) != old or path.is_dir():
                raise RefConflictError(ref)
            lock.write_text(new + "\n", "ascii")
            lock.replace(path)
        except BaseException:
            lock.unlink(missing_ok=True)
            raise

    def drop(self, ref: str, old: str) -> None:
        lock = self._lock(ref)
        try:
            if self.get(ref) != old:
                raise RefConflictError(ref)
            (self.git_dir / ref).unlink(missing_ok=True)
        finally:
            lock.unlink(missing_ok=True)
        for folder in (self.git_dir / ref).parents:
            if folder.name in ("heads", "tags", "refs") or not _remove_empty(folder):
                break

    def _lock(self, ref: str) -> Path:
        lock = self.git_dir / f"{ref}.lock"
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except (FileExistsError, NotADirectoryError):
            raise RefConflictError(ref) from None
        return lock


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
