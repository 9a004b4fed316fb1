"""Which files a model may write into a module (S18, G24).

An allow-list: what is not named here is refused, with the reason.
"""

import re
from collections.abc import Iterable

from generator.sanitise import file_text
from tfmodule.files import UnsafePathError, check_path, fold, printable

MAX_FILES = 60
MAX_FILE_BYTES = 64 * 1024
MAX_TOTAL_BYTES = 512 * 1024

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,60}"
_ALLOWED = re.compile(
    rf"{_NAME}\.tf"
    rf"|(?:modules|examples)/{_NAME}/{_NAME}\.tf"
    rf"|tests/{_NAME}\.tftest\.hcl"
    rf"|tests/{_NAME}/{_NAME}\.tf"
    rf"|templates/{_NAME}(?:\.{_NAME})?\.tftpl"
)
# Written by the scaffold whatever the model says, so no reason to complain about them.
_OURS = frozenset({"readme.md", "changelog.md", "license", ".gitignore", ".tflint.hcl", ".pre-commit-config.yaml"})


def accept(files: Iterable[tuple[str, str]]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files that may stay, cleaned of invisible characters, and one sentence for each that may not."""
    kept: dict[str, bytes] = {}
    folded: set[str] = set()
    refused: list[str] = []
    total = 0
    for path, content in files:
        if path.casefold() in _OURS:
            continue
        data = file_text(content) if content else b""
        reason = _objection(path, data, folded, len(kept), total)
        if reason:
            if len(refused) < MAX_FILES:
                refused.append(f"`{printable(path)}`: {reason}")
            continue
        kept[path] = data
        folded.add(fold(path))
        total += len(data)
    return kept, tuple(refused)


def _objection(path: str, data: bytes, folded: set[str], count: int, total: int) -> str:
    try:
        check_path(path)
    except UnsafePathError as error:
        return error.reason
    if not _ALLOWED.fullmatch(path):
        return "a generated module has no file of that kind"
    if fold(path) in folded:
        return "another file has the same name on systems that ignore case"
    if len(data) > MAX_FILE_BYTES:
        return f"it is larger than {MAX_FILE_BYTES // 1024} kB"
    if count >= MAX_FILES:
        return f"there are more than {MAX_FILES} files"
    if total + len(data) > MAX_TOTAL_BYTES:
        return f"all files together are larger than {MAX_TOTAL_BYTES // 1024} kB"
    return ""
