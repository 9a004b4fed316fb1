"""The checks of the gate, in order: one table. What each does lives in the file that its function comes from."""

from collections.abc import Callable
from dataclasses import dataclass

from gate.modules import NO_MODULES, Modules
from gate.phases import Bench, Conclusion, check_format, check_init, check_tests, check_validate
from gate.policy import Policy
from gate.report import CheckResult, Finding, Kind, Profile
from gate.scanning.scanner import Scan
from gate.scanning.secrets import find_secrets
from gate.scanning.verdict import decide
from gate.screen import Screened
from gate.structure import check_structure
from tfmodule.files import FileMap


@dataclass(frozen=True)
class Material:
    """All that a check without an engine may look at."""

    files: FileMap
    screened: Screened
    modules: Modules = NO_MODULES


@dataclass(frozen=True)
class Check:
    """`profile` says when it runs: "safety" always, "house" for the house profile only. Exactly one function is set.

    `number` is its place in the rubric, 0 for what is no part of it; `of` the points that it is worth, 0 for a gate.
    """

    id: str
    title: str
    profile: Profile
    look: Callable[[Material], Conclusion] | None = None
    run: Callable[[Bench], Conclusion] | None = None
    """Needs an engine; runs only after the screen passed."""
    heed: Callable[[Scan, Policy, Profile], Conclusion] | None = None
    """Needs what the scanners found; they work beside the engine, and only after the screen passed."""
    number: int = 0
    of: float = 0.0

    @property
    def kind(self) -> Kind:
        return "points" if self.of else "gate"

    @property
    def docs(self) -> str:
        """Its page, below the root of the repository."""
        return f"docs/rules/{self.id}.md"

    def result(self, conclusion: Conclusion, seconds: float) -> CheckResult:
        """How it ended, as the report has it."""
        points = self.of if conclusion.outcome == "passed" else 0.0
        return CheckResult(
            self.id,
            self.title,
            conclusion.outcome,
            seconds,
            number=self.number,
            kind=self.kind,
            points=points,
            of=self.of,
            note=conclusion.note,
        )


def _conclude(findings: tuple[Finding, ...]) -> Conclusion:
    return Conclusion("failed" if any(f.severity == "error" for f in findings) else "passed", findings)


def _screen(material: Material) -> Conclusion:
    return _conclude(material.screened.findings)


def _modules(material: Material) -> Conclusion:
    return _conclude(material.modules.problems)


def _secrets(material: Material) -> Conclusion:
    return _conclude(tuple(find_secrets(material.files)))


def _structure(material: Material) -> Conclusion:
    return _conclude(tuple(check_structure(material.files, material.screened.parsed)))


def _scan(scan: Scan, policy: Policy, profile: Profile) -> Conclusion:
    decision = decide(scan, policy, profile)
    return Conclusion(decision.outcome, decision.findings, decision.note)


CHECKS: tuple[Check, ...] = (
    Check("screen", "Nothing forbidden inside", "safety", look=_screen),
    Check("modules", "Modules it calls", "safety", look=_modules),
    Check("secrets", "No credentials", "safety", look=_secrets, number=9),
    Check("structure", "Standard module structure", "house", look=_structure),
    Check("fmt", "Formatting", "safety", run=check_format, number=1),
    Check("init", "Initialisation", "safety", run=check_init, number=2),
    Check("validate", "Validity", "safety", run=check_validate, number=3),
    Check("test", "Tests with mocked providers", "safety", run=check_tests, number=6),
    Check("scan", "Nothing critically insecure", "safety", heed=_scan, number=12),
)
