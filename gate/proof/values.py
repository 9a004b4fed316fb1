"""What a comparison of two versions proved: what changed, what an upgrade would do, and how large a step that asks for.

Plain frozen values; what nobody could find out is said as such and never taken for nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tfmodule.bumps import is_enough, least_version
from tfmodule.comparison import Bump, Change
from tfmodule.version import Version

Verdict = Literal["harmless", "breaking", "undecided"]
_SIZES: Mapping[Bump | None, int] = {None: 0, "patch": 1, "minor": 2, "major": 3}


@dataclass(frozen=True)
class PlannedChange:
    """What the upgrade does to one resource. `moved_from` is its address before a `moved` block.

    `replace_paths` are the arguments that the provider cannot change in place.
    """

    address: str
    type: str
    actions: tuple[str, ...]
    why: str = ""
    replace_paths: tuple[str, ...] = ()
    moved_from: str = ""

    @property
    def destroys(self) -> bool:
        return "delete" in self.actions


@dataclass(frozen=True)
class Scenario:
    """One caller of the old version, whose module alone was exchanged. `name` is the example's folder, or the module's.

    `problems` are what Terraform says to the caller now. `replacement` says what is known of forced replacement, which
    a mocked provider never shows: empty where real providers were asked or none was needed.
    """

    name: str
    verdict: Verdict
    changes: tuple[PlannedChange, ...] = ()
    problems: tuple[str, ...] = ()
    undecided: str = ""
    replacement: str = ""
    repeated: tuple[str, ...] | None = None
    """The resources of the new version that a second plan on its own state still changes; None: nobody could tell."""


@dataclass(frozen=True)
class Proof:
    """`changes` are what the interface shows; `scenarios` what was planned. `note` says why nothing was planned."""

    changes: tuple[Change, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    engine: str = ""
    note: str = ""

    @property
    def tried(self) -> bool:
        """Whether an engine planned an upgrade at all."""
        return any(scenario.verdict != "undecided" for scenario in self.scenarios)

    @property
    def repeated(self) -> tuple[str, ...] | None:
        """What a second plan of the new version changes in any of the scenarios; None where nobody could tell."""
        told = [scenario.repeated for scenario in self.scenarios]
        if not told or any(one is None for one in told):
            return None
        return tuple(sorted({address for one in told for address in one or ()}))

    @property
    def undecided(self) -> tuple[str, ...]:
        """What nobody could find out, in sentences."""
        open_ = [(one.name, text) for one in self.scenarios for text in (one.undecided, one.replacement) if text]
        return (*([self.note] if self.note else []), *(f"{name}: {text}" for name, text in open_))

    @property
    def bump(self) -> Bump | None:
        """The smallest step that tells users the truth, as far as is known; None where nothing changed for them."""
        return max((bump for bump, _ in self._asked()), key=lambda bump: _SIZES[bump], default=None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the step must be that large, in sentences."""
        wanted = self.bump
        return tuple(dict.fromkeys(reason for bump, reason in self._asked() if bump == wanted))

    def _asked(self) -> Iterable[tuple[Bump, str]]:
        for change in self.changes:
            yield change.bump, sentence(change)
        for scenario in self.scenarios:
            for problem in scenario.problems if scenario.verdict == "breaking" else ():
                yield "major", f"{scenario.name} cannot be planned any more: {problem}"
            for planned in scenario.changes:
                acts = set(planned.actions) - {"no-op", "read", "forget"}
                if acts:
                    bump: Bump = "major" if planned.destroys else "minor"
                    yield bump, f"{scenario.name}: `{planned.address}` {planned.why}"

    def least_version(self, before: Version) -> Version:
        return least_version(before, self.bump)

    def allows(self, before: Version, after: Version) -> bool:
        """Whether the step from one to the other is large enough for what is known."""
        return is_enough(before, after, self.bump)

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold, the same for the same proof."""
        return {
            "bump": self.bump,
            "reasons": list(self.reasons),
            "changes": [asdict(change) for change in self.changes],
            "scenarios": [asdict(scenario) for scenario in self.scenarios],
            "tried": self.tried,
            "undecided": list(self.undecided),
            "engine": self.engine,
            "note": self.note,
        }


def sentence(change: Change) -> str:
    """One change of the interface in words."""
    where = f" of `{change.path}`" if change.path else ""
    what = f" ({change.what})" if change.what else ""
    return f"{change.subject} `{change.name}`{where} {change.kind}{what}: {change.reason}"
