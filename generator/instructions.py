"""What we tell the model, as reviewed text files in `generator/prompts`, known by the digest of their content."""

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "prompts"


@cache
def text(name: str) -> str:
    """The text of one file."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def digest(*names: str) -> str:
    """The digest of these files together, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(hashlib.sha256(text(name).encode()).digest())
    return total.hexdigest()
