"""How well code was contained, as a level that every report names; a level is found by trying, never by asking.

L0 nothing ran; L1 limits, empty environment, own process tree: for trusted code only; L2 also no files, network or
signals outside (Landlock and seccomp); L3 also namespaces (bubblewrap); L4 a machine of its own, which no program can
find out from inside: it is the operator's to say.
"""

from typing import Literal

Level = Literal["L0", "L1", "L2", "L3", "L4"]
SandboxSetting = Literal["require", "trusted-local"]

REQUIRED: Level = "L2"
"""What code of strangers needs (`sandbox = "require"`)."""


def enough(setting: SandboxSetting, level: Level) -> bool:
    """Whether code may run at this level under the operator's setting."""
    return setting == "trusted-local" or level >= REQUIRED
