"""Which providers exist, as of a date, and which of them somebody who wrote another name may have meant.

To be known is not to be allowed: that is the policy's. Reads its one data file and asks nobody.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files

from gate.mirror import REGISTRY_HOST

_AS_OF = "# as of: "
_LONGEST = 100
# Letters of other scripts that are drawn like Latin ones, then digits and pairs that one reads for a letter.
_DRAWN_ALIKE = str.maketrans("аеорсхуіѕјԁɡһԛԝӏոναοριѡκτυıℓ01", "aeopcxyisjdghqwlnvaopiwktuilol")
_PAIRS = (("rn", "m"), ("vv", "w"))


@cache
def _list() -> tuple[date, Mapping[str, str]]:
    """The date, and each `namespace/type` by how it looks."""
    lines = (files("gate") / "known_providers.txt").read_text(encoding="utf-8").splitlines()
    dated = next(line.removeprefix(_AS_OF) for line in lines if line.startswith(_AS_OF))
    names = [line for line in lines if line and not line.startswith("#")]
    return date.fromisoformat(dated), {_look(name): name for name in reversed(names)}


def as_of() -> date:
    """When the list was made."""
    return _list()[0]


def known_providers() -> frozenset[str]:
    """Full addresses, lower case."""
    return frozenset(f"{REGISTRY_HOST}/{name}" for name in _list()[1].values())


@lru_cache(maxsize=256)
def nearest(written: str) -> str | None:
    """The known `namespace/type` that was probably meant: drawn alike, of the same type, or a slip away.

    `written` is an address as it stands in a module, or a bare type.
    """
    looks = _list()[1]
    parts = _look(written[:_LONGEST]).split("/")[-2:]
    wanted = "/".join(parts if len(parts) == 2 else ["hashicorp", *parts])
    if wanted in looks:
        return looks[wanted]
    kind = wanted.split("/")[1]
    slips = {look: _slips(wanted, look) for look in looks if abs(len(look) - len(wanted)) <= 2}
    close = [look for look, count in slips.items() if count <= (2 if len(kind) > 3 else 1)]
    if close:
        return looks[min(close, key=lambda look: slips[look])]
    same = [look for look in looks if look.split("/")[1] == kind]
    if not same and len(kind) > 3:
        same = [look for look in looks if _slips(kind, look.split("/")[1]) <= 1]
    return looks[min(same, key=lambda look: _slips(wanted, look))] if same else None


def _look(name: str) -> str:
    """Equal for names that one reads for each other."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(c for c in plain if not unicodedata.combining(c) and c not in "-_").translate(_DRAWN_ALIKE)
    for pair, letter in _PAIRS:
        bare = bare.replace(pair, letter)
    return bare


def _slips(one: str, other: str) -> int:
    """How many letters were added, left out, changed or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
