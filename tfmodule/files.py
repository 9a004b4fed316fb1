"""What a file inside a module may be called. Knows names only, never contents.

Refuses every name that some system would read differently.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from core.errors import UserError

FileMap: TypeAlias = Mapping[str, bytes]
"""Module-relative POSIX path → content."""

MAX_PATH_LENGTH = 200
MAX_DEPTH = 12
_MAX_SEGMENT_BYTES = 120

_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"}
)
_WINDOWS_FORBIDDEN = frozenset('<>:"|?*\\')
# Cc control, Cf format (bidi overrides, zero width, byte order mark), Cs surrogates, Co private, Cn unassigned,
# Zl/Zp line separators: none of them can be seen in a review.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class UnsafePathError(UserError):
    """A file name that is refused. `path` is the name as it came."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The file name `{printable(path)}` is refused: {reason}.")
        self.path = path
        self.reason = reason


def printable(path: str) -> str:
    """A stranger's text, at most 120 characters, with everything invisible escaped: fit for a message."""
    visible = path.replace("`", "'")[:200]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in visible)
    return shown if len(shown) <= 120 else shown[:117] + "..."


def check_path(path: str) -> None:
    """Accept a relative POSIX path that means the same file on every system, or raise UnsafePathError."""
    if not path:
        raise UnsafePathError(path, "it is empty")
    if len(path) > MAX_PATH_LENGTH:
        raise UnsafePathError(path, f"it is longer than {MAX_PATH_LENGTH} characters")
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        raise UnsafePathError(path, "it is absolute")
    for character in path:
        if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
            raise UnsafePathError(path, f"it holds the invisible character U+{ord(character):04X}")
        if character in _WINDOWS_FORBIDDEN:
            raise UnsafePathError(path, f"`{character}` cannot be part of a file name on every system")
    if unicodedata.normalize("NFC", path) != path:
        raise UnsafePathError(path, "it is not in Unicode form NFC, so two systems would spell it differently")
    segments = path.split("/")
    if len(segments) > MAX_DEPTH:
        raise UnsafePathError(path, f"it is nested deeper than {MAX_DEPTH} directories")
    for segment in segments:
        _check_segment(path, segment)


def _check_segment(path: str, segment: str) -> None:
    if segment in ("", ".", ".."):
        raise UnsafePathError(path, "it has an empty, `.` or `..` part")
    if len(segment.encode()) > _MAX_SEGMENT_BYTES:
        raise UnsafePathError(path, f"a part of it is longer than {_MAX_SEGMENT_BYTES} bytes")
    if segment[-1] in ". " or segment[0] == " ":
        raise UnsafePathError(path, "a part of it starts or ends with a space or ends with a dot")
    if segment.split(".", 1)[0].rstrip(" ").casefold() in _WINDOWS_DEVICES:
        raise UnsafePathError(path, f"`{segment}` is a device name on Windows")


def fold(path: str) -> str:
    """The form under which two names are the same file on a system that ignores case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def check_unique(paths: Iterable[str]) -> None:
    """Refuse two names for one file, and a name that is both a file and a directory, as seen without case."""
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in paths:
        folded = fold(path)
        if files.get(folded) == path:
            raise UnsafePathError(path, "it is there twice")
        if folded in files:
            raise UnsafePathError(path, f"`{printable(files[folded])}` is the same name where case does not count")
        files[folded] = path
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            known = directories.setdefault(fold(parent), parent)
            if known != parent:
                raise UnsafePathError(path, f"the directory `{printable(known)}` has the same name without case")
    for folded, directory in directories.items():
        if folded in files:
            raise UnsafePathError(files[folded], f"it is a file and `{printable(directory)}` is a directory")
