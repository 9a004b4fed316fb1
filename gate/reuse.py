"""What a report depends on, as short texts: a report with the same three may stand for another judgement.

The third is `Policy.digest`. Which engine judged is said by the report itself.
"""

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from gate.modules import NO_MODULES, Modules
from tfmodule.files import FileMap

_CODE = ("gate", "tfmodule")


@cache
def gate_version() -> str:
    """The release, and a digest of the code that judges: a change of a rule is never forgotten."""
    root = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for path in sorted(path for name in _CODE for path in (root / name).rglob("*.py")):
        _add(total, path.relative_to(root).as_posix().encode(), path.read_bytes())
    return f"{metadata.version('terrasmith')}+{total.hexdigest()[:12]}"


def input_digest(files: FileMap, modules: Modules = NO_MODULES) -> str:
    """SHA-256 over the files, and over what our registry said of the modules they call."""
    total = hashlib.sha256()
    for path in sorted(files):
        _add(total, path.encode("utf-8", "surrogatepass"), files[path])
    for (source, constraint), module in sorted(modules.found.items()):
        _add(total, source.encode(), constraint.encode(), module.version.encode())
    for problem in modules.problems:
        _add(total, repr(problem).encode())
    return total.hexdigest()


def _add(total: "hashlib._Hash", *parts: bytes) -> None:
    # With its length before each part, no two different lists give the same bytes.
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
