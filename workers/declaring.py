"""What a commit declares in `.terrasmith.hcl`, and its modules as files: one folder each, with that folder as root.

Reads through the gateway, always from a commit pinned by its SHA. Decides nothing about versions.
"""

from bot.github.gateway import InstallationClient
from core.errors import UserError
from tfmodule.archive import Entry
from tfmodule.declaration import FILE, MAX_BYTES, Declaration, DeclarationError, Problem
from tfmodule.selection import module_at, select
from workers.judging import fetch

__all__ = ["FILE", "Declaration", "DeclarationError", "declared_at", "fetch_folders", "fetch_module"]


def declared_at(github: InstallationClient, repository: str, sha: str) -> Declaration | DeclarationError | None:
    """The declaration at a commit, or what is wrong with it; None where there is no such file."""
    try:
        data = github.commits.root_file(repository, sha, FILE, MAX_BYTES)
        return Declaration.parse(data) if data is not None else None
    except DeclarationError as error:
        return error
    except UserError as error:
        return DeclarationError(Problem(1, error.message))


def fetch_module(github: InstallationClient, repository: str, sha: str, folder: str) -> tuple[Entry, ...]:
    """The files of the module in this folder at a commit, named from there. Raises ArchiveError."""
    if not folder:
        return fetch(github, repository, sha)
    return module_at(fetch_folders(github, repository, sha, (folder,)), folder)


def fetch_folders(github: InstallationClient, repository: str, sha: str, folders: tuple[str, ...]) -> tuple[Entry, ...]:
    """The files below these folders at a commit, in one download. Raises ArchiveError."""
    return select(github.repositories.tarball(repository, sha), folders)
