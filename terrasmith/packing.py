"""Makes the archive that `terrasmith publish` sends out of a folder, and leaves out what is no part of a module.

Refuses links, and what is plainly larger than a module. Code that Terraform would read is never left out in silence.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from core.errors import UserError
from gate.file_types import belongs, is_certificate, may_hold_a_key
from gate.structure import has_code
from tfmodule.archive import DEFAULT_LIMITS, Entry, pack
from tfmodule.files import check_path, printable

# What Terraform and git keep beside a working copy.
_NEVER = frozenset({".git", ".terraform"})
# The gate refuses these. Without them the module would mean something else than it does in its folder, so the gate
# shall say so.
_CODE = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tftest.hcl", ".tftest.json", ".tofutest.hcl", ".tofutest.json")


@dataclass(frozen=True)
class Packed:
    """The canonical archive of a folder, how many files are in it, and which stayed behind."""

    data: bytes
    files: int
    left_out: tuple[str, ...]


def pack_directory(directory: Path) -> Packed:
    """The archive. Raises UserError, which names what is in the way."""
    entries: list[Entry] = []
    left_out: list[str] = []
    total = 0
    for parent, folders, names in os.walk(directory, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if name not in _NEVER)
        for name in sorted([*names, *(one for one in folders if Path(parent, one).is_symlink())]):
            path = Path(parent, name)
            relative = path.relative_to(directory).as_posix()
            if not _wanted(relative) and name not in folders:
                left_out.append(relative)
                continue
            entry = _read(path, relative)
            if may_hold_a_key(relative) and not is_certificate(entry.data):
                left_out.append(relative)  # a private key is not even sent to be refused
                continue
            entries.append(entry)
            total += len(entry.data)
            if total > DEFAULT_LIMITS.expanded or len(entries) > DEFAULT_LIMITS.entries:
                raise UserError(f"`{printable(str(directory))}` is too large for a module: is it the module's folder?")
    paths = [entry.path for entry in entries]
    if not has_code(paths) and not any("/" not in path and path.endswith(_CODE) for path in paths):
        raise UserError(f"`{printable(str(directory))}` holds no .tf file: name the folder that is the module's root.")
    return Packed(pack(entries), len(entries), tuple(left_out))


def _wanted(path: str) -> bool:
    return belongs(path) or path.casefold().endswith(_CODE)


def _read(path: Path, relative: str) -> Entry:
    check_path(relative)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"`{printable(relative)}` is not a regular file; a module holds nothing else.")
        with path.open("rb") as file:
            data = file.read(DEFAULT_LIMITS.file + 1)
    except OSError as error:
        _unreadable(error)
    if len(data) > DEFAULT_LIMITS.file:
        raise UserError(
            f"`{printable(relative)}` is larger than {DEFAULT_LIMITS.file >> 20} MiB; no module needs that."
        )
    return Entry(relative, data, bool(found.st_mode & stat.S_IXUSR))


def _unreadable(error: OSError) -> NoReturn:
    raise UserError(f"`{printable(str(error.filename))}` cannot be read: {error.strerror}.")
