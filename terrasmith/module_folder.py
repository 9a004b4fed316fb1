"""A module in a folder of this machine: read whole or refused, and changed files written back. Follows no link."""

import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import UserError
from gate.policy import Policy
from tfmodule.files import FileMap, check_path, printable

# What Terraform and git keep beside a working copy; it never becomes part of a module.
_LEFT_OUT = frozenset({".git", ".terraform"})


def read_folder(directory: Path) -> dict[str, bytes]:
    """The files. Links are refused, and so is a folder that is plainly something larger than a module."""
    if not directory.is_dir():
        raise UserError(f"`{printable(str(directory))}` is not a folder.")
    policy = Policy()
    files: dict[str, bytes] = {}
    for parent, folders, names in os.walk(directory, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted([*names, *(folder for folder in folders if Path(parent, folder).is_symlink())]):
            path = Path(parent, name)
            relative = path.relative_to(directory).as_posix()
            if path.is_symlink() or not path.is_file():
                raise UserError(f"`{printable(relative)}` is not a regular file; a module holds nothing else.")
            files[relative] = _read(path, relative, policy.max_file_bytes + 1)
            if len(files) > policy.max_files:
                raise UserError(f"The folder holds more than {policy.max_files} files: is it a module's folder?")
    if not files:
        raise UserError(f"`{printable(str(directory))}` is empty.")
    return files


def _read(path: Path, relative: str, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise UserError(f"`{printable(relative)}` cannot be read: {error.strerror}.") from None


def _unreadable(error: OSError) -> None:
    raise UserError(f"`{printable(str(error.filename))}` cannot be read: {error.strerror}.")


def differences(before: FileMap, after: FileMap) -> dict[str, bytes]:
    """The files that are new or another in `after`."""
    return {path: after[path] for path in sorted(after) if before.get(path) != after[path]}


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write them into the folder, each whole or not at all; a link on the way is refused, not followed."""
    root = directory.resolve()
    for path, data in files.items():
        check_path(path)
        target = root.joinpath(*path.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.resolve() != target.parent or target.is_symlink():
            raise UserError(f"`{printable(path)}` leads out of the folder by a link; it was not written.")
        beside = target.with_name(f".{target.name}.terrasmith")
        try:
            beside.write_bytes(data)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o777)
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise UserError(f"`{printable(path)}` cannot be written: {error.strerror}.") from None
