"""How well this machine can contain strangers' code, as a level that every report names.

L0 nothing ran; L1 limits, empty environment, own process tree: for trusted code only; L2 also no files, network or
signals outside (Landlock and seccomp); L3 also namespaces; L4 a machine of its own. The launcher applies the level.
"""

from typing import Literal

Level = Literal["L0", "L1", "L2", "L3", "L4"]

LEVEL: Level = "L1"
"""The best level this version of the launcher can apply."""
REQUIRED: Level = "L2"
"""What code of strangers needs (`sandbox = "require"`)."""


def probe() -> Level:
    """The level that would really hold here. A higher one must be found by trying what it forbids, not by asking."""
    return LEVEL


def enough(setting: Literal["require", "trusted-local"], level: Level) -> bool:
    """Whether code may run at this level under the operator's setting."""
    return setting == "trusted-local" or level >= REQUIRED
