"""Which Terraforms the gate speaks to, and what it says of the others."""

import re
from typing import Literal

Flavour = Literal["terraform", "tofu"]
SINCE: dict[str, tuple[int, int]] = {"terraform": (1, 6), "tofu": (1, 6)}
"""The first with `test`. From 1.7 (OpenTofu: 1.8) on it can also mock providers."""
BEFORE = 2
"""A next major version may print something else; nobody has tried one."""
MOCKS_SINCE: dict[str, tuple[int, int]] = {"terraform": (1, 7), "tofu": (1, 8)}
_FIRST_LINE = re.compile(r"(Terraform|OpenTofu) v(\S+)")
_NAMES = {"terraform": "Terraform", "tofu": "OpenTofu"}


def read_version(text: str) -> tuple[str, str] | None:
    """("terraform" or "tofu", version) out of what `version` prints; None when it is neither of them."""
    match = _FIRST_LINE.search(text)
    if match is None:
        return None
    return ("terraform" if match.group(1) == "Terraform" else "tofu"), match.group(2)


def release(version: str) -> tuple[int, ...]:
    """The first two numbers, for comparison."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def complaint(flavour: str, version: str) -> str | None:
    """Why this one cannot judge; None when it can."""
    since = SINCE[flavour]
    found = release(version)
    name = f"{_NAMES[flavour]} {version}"
    wanted = f"The gate works with {_NAMES[flavour]} {since[0]}.{since[1]} and newer, below {BEFORE}.0."
    if found < since:
        return f"{name} is too old: it cannot run a module's tests. {wanted}"
    if found[0] >= BEFORE:
        return f"{name} is newer than this gate: what it says might be misread. {wanted}"
    return None
