"""What an organisation decides beside the gate's own checks, and what a policy may know of a module's way here.

Plain frozen values; whoever asks for a judgement brings them. Reads no row and no folder.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gate.policies.bundle import NOTHING, Bundle
from gate.report import Overridden
from tfmodule.bumps import least_version
from tfmodule.comparison import Change, Comparison
from tfmodule.version import Version

Source = Literal["github", "upload", "generated", "laptop"]
"""The way a module came: a repository, an archive sent by API, our own generator, or a folder of this machine."""


@dataclass(frozen=True)
class Organisation:
    """Policies, and who takes it upon themselves that one of them is not kept here."""

    bundle: Bundle = NOTHING
    overrides: tuple[Overridden, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of both; empty without a policy."""
        if not self.bundle.files:
            return ""
        parts = [self.bundle.digest, *(f"{one.policy}\0{one.actor}\0{one.reason}" for one in self.overrides)]
        return hashlib.sha256("\x01".join(parts).encode()).hexdigest()


NO_ORGANISATION = Organisation()
"""Nobody has decided anything."""


@dataclass(frozen=True)
class Step:
    """From the version that users have to this one, as far as the declarations show."""

    previous: Version
    changes: tuple[Change, ...] = ()

    @property
    def bump(self) -> str | None:
        return Comparison(self.changes).bump

    @property
    def least(self) -> Version:
        return least_version(self.previous, Comparison(self.changes).bump)


@dataclass(frozen=True)
class Circumstances:
    """How this module came to be judged; empty where nobody knows."""

    source: Source = "laptop"
    actor: str = ""
    """`github:LOGIN`, `token:ID`, `operator`."""
    address: str = ""
    """`namespace/name/system`."""
    version: str = ""
    """The version that is about to be published; empty before the release."""
    step: Step | None = None
    """None: nothing was published before, or nobody compared."""


LAPTOP = Circumstances()


def chosen(overrides: Iterable[Overridden], policy: str) -> Overridden | None:
    """The override that speaks of this policy: the first one."""
    return next((one for one in overrides if one.policy == policy), None)
