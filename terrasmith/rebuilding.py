"""Rebuilds a module's files from a commit, by the caller's own git and on the caller's own machine.

Runs git in a fresh, empty repository only: no configuration, hook, filter or attribute file but the commit's own is
obeyed, no submodule is followed, and only https and ssh are spoken. Refuses whatever could be read as an option.
"""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import UserError
from gate.file_types import belongs
from tfmodule.archive import Entry, unpack
from tfmodule.files import printable
from tfmodule.selection import module_at, select

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCP_LIKE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9/~][^\x00-\x20]*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECONDS = 600

# On top of the environment below: what a configuration that is still read could say.
_OPTIONS = (
    "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.fsmonitor=false", "core.autocrlf=false",
    "core.eol=lf", "submodule.recurse=false", "protocol.ext.allow=never", "gc.auto=0", "tar.umask=0022",
)  # fmt: skip


class RebuildError(UserError):
    """The files could not be had from the commit; says nothing about whether they match."""


@dataclass(frozen=True)
class Rebuilt:
    """The files that belong to the module at the commit, named from its folder, and the id of the whole tree."""

    entries: tuple[Entry, ...]
    tree: str


def from_clone(clone: Path, commit: str, folder: str = "") -> Rebuilt:
    """From a clone on this machine, of which only the objects are read. Raises RebuildError."""
    objects = _objects_of(clone)
    with _empty_repository() as repository:
        (repository / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        return _rebuild(repository, commit, folder, f"Fetch it there first: git -C {clone} fetch --tags")


def from_url(url: str, commit: str, folder: str = "") -> Rebuilt:
    """From an address that the caller's git can read, with the credentials it has. Raises RebuildError."""
    _check_commit(commit)
    with _empty_repository() as repository:
        _fetch(repository, url, commit)
        return _rebuild(repository, commit, folder, "It may be gone from the repository.")


def _rebuild(repository: Path, commit: str, folder: str, advice: str) -> Rebuilt:
    _check_commit(commit)
    if _git(repository, "cat-file", "-e", f"{commit}^{{commit}}", check=False).returncode != 0:
        raise RebuildError(f"The commit {commit} is not there. {advice}")
    tree = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").stdout.decode().strip()
    tar = repository / "commit.tar"
    # Below one directory, as GitHub has it.
    _git(repository, "archive", "--format=tar", "--prefix=commit/", f"--output={tar}", commit)
    with tempfile.TemporaryFile() as packed:
        # Lightly packed, so that what GitHub's own archive may hold is not taken for a bomb here.
        with tar.open("rb") as source, gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target)
        packed.seek(0)
        entries = module_at(select(packed, (folder,)), folder) if folder else unpack(packed, strip_root=True)
        return Rebuilt(tuple(entry for entry in entries if belongs(entry.path)), tree)


def _fetch(repository: Path, url: str, commit: str) -> None:
    protocols = _protocols(url)
    quiet = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    # A commit by its id first; where a server does not offer that, everything that has a name.
    tries = [(*quiet, "--depth=1", "--", url, commit), (*quiet, "--", url, "+refs/*:refs/theirs/*")]
    for arguments in tries:
        done = _git(repository, *arguments, check=False, protocols=protocols)
        if done.returncode == 0:
            return
    shown = _without_credentials(url)
    said = done.stderr.decode("utf-8", "replace").replace(url, shown).strip().splitlines()
    raise RebuildError(f"git could not fetch from {printable(shown)}: {printable(said[-1] if said else '?')}")


def _without_credentials(url: str) -> str:
    """An address as it may stand in a log: somebody may have put their token into it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _protocols(url: str) -> str:
    if _SCP_LIKE.fullmatch(url):
        return "ssh"
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.scheme in ("https", "ssh") or plain) or not parts.hostname or parts.hostname.startswith("-"):
        raise RebuildError(
            f"`{printable(_without_credentials(url))}` is refused: say https://… or ssh://…, "
            "or --clone for a local folder."
        )
    return parts.scheme


def _objects_of(clone: Path) -> Path:
    """Where a clone keeps its objects, found without running git in it."""
    folder = clone / ".git"
    try:
        if folder.is_file():  # a worktree or a submodule
            pointer = folder.read_text(encoding="utf-8").strip()
            folder = clone / pointer.removeprefix("gitdir: ")
            common = folder / "commondir"
            folder = folder / common.read_text(encoding="utf-8").strip() if common.is_file() else folder
    except (OSError, UnicodeDecodeError):
        folder = clone
    objects = ((folder if folder.is_dir() else clone) / "objects").resolve()
    if not objects.is_dir() or "\n" in str(objects):
        raise RebuildError(f"`{printable(str(clone))}` is no clone of a git repository.")
    return objects


@contextmanager
def _empty_repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="terrasmith-verify-") as folder:
        repository = Path(folder) / "repository"
        repository.mkdir()
        _git(repository, "init", "--quiet", "--bare", "--template=", ".")
        yield repository


def _check_commit(commit: str) -> None:
    if not _COMMIT.fullmatch(commit):
        raise RebuildError(f"`{printable(commit)}` is no commit.")


def _git(
    repository: Path, *arguments: str, check: bool = True, protocols: str = ""
) -> subprocess.CompletedProcess[bytes]:
    settings = [part for option in _OPTIONS for part in ("-c", option)]
    try:
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=repository,
            env=_environment(os.environ, repository, protocols),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise RebuildError("There is no git on PATH.") from None
    except subprocess.TimeoutExpired:
        raise RebuildError(f"git {arguments[0]} took more than {_SECONDS} seconds.") from None
    if check and done.returncode != 0:
        raise RebuildError(f"git {arguments[0]} failed: {printable(done.stderr.decode('utf-8', 'replace').strip())}")
    return done


def _environment(callers: Mapping[str, str], repository: Path, protocols: str) -> dict[str, str]:
    """Built from nothing. Only a fetch sees the caller's own configuration, where the credentials are."""
    environment = {
        "PATH": callers.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": protocols or "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(repository.parent),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    if not protocols:
        return environment | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(repository)}
    return environment | {name: callers[name] for name in _CREDENTIALS if name in callers}


_CREDENTIALS: Sequence[str] = (
    "HOME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "GIT_SSL_CAINFO",
    "GIT_CONFIG_GLOBAL", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
)  # fmt: skip
