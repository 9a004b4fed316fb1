"""A folder of policies on this machine, read whole or refused with file and line; and our own, to begin with."""

from importlib.resources import files
from pathlib import Path

from core.errors import UserError
from gate.policies.bundle import BundleError, Folder, read_bundle
from gate.policies.decision import Rule, described
from terrasmith.module_folder import read_folder
from tfmodule.files import printable


def read_policies(directory: Path) -> Folder:
    """The policies with their tests. Raises UserError, with all that is wrong with them as texts."""
    return read_bundle(read_folder(directory))


def described_policies(folder: Folder) -> tuple[Rule, ...]:
    """What they say of themselves, by asking them. Raises UserError."""
    rules, problems = described(folder.bundle)
    if problems:
        raise BundleError(problems)
    return rules


def library() -> dict[str, bytes]:
    """The policies that come with Terrasmith, with their tests."""
    root = files("gate") / "policies" / "library"
    return {one.name: one.read_bytes() for one in sorted(root.iterdir(), key=lambda one: one.name) if one.is_file()}


def write_new(directory: Path, found: dict[str, bytes]) -> None:
    """Write them into a folder that is empty or not there."""
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise UserError(f"`{printable(str(directory))}` is there already, and not an empty folder.")
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            (directory / name).write_bytes(data)
    except OSError as error:
        raise UserError(f"`{printable(str(directory))}` cannot be written: {error.strerror}.") from None
