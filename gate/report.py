"""What the gate says about a module: findings with file and line, the checks that ran, and the verdict.

Plain frozen values; knows no engine, no GitHub and no database.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
Outcome = Literal["passed", "failed", "skipped", "undecided"]
Profile = Literal["safety", "house"]
Tier = Literal["provider", "builtin", "none"]
"""What the verdict rests on: real providers, Terraform's built-in provider alone, or no engine at all."""
Verdict = Literal["passed", "refused", "undecided"]


@dataclass(frozen=True)
class Finding:
    """One thing a check has to say. Lines count from 1; an error refuses the module, a warning or note does not."""

    rule: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    fix: str = ""

    @property
    def place(self) -> str:
        """`main.tf:12`, or the file alone, or nothing."""
        if self.path is None:
            return ""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True)
class CheckResult:
    """How one check of the table ended."""

    id: str
    title: str
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Report:
    """The judgement. It names who judged (`engine`, `tier`, `sandbox`) because a verdict is worth no more than that."""

    profile: Profile
    engine: str
    tier: Tier
    sandbox: str
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stand in the way."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def ordered(self) -> tuple[Finding, ...]:
        """Errors first, then by place: the order in which people read them."""
        rank = {"error": 0, "warning": 1, "note": 2}
        return tuple(sorted(self.findings, key=lambda f: (rank[f.severity], f.path or "", f.line or 0, f.rule)))

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold; `from_dict` is its inverse."""
        return asdict(self) | {
            "checks": [asdict(check) for check in self.checks],
            "findings": [asdict(finding) for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Report":
        return cls(
            profile=values["profile"],
            engine=values["engine"],
            tier=values["tier"],
            sandbox=values["sandbox"],
            verdict=values["verdict"],
            checks=tuple(CheckResult(**check) for check in values["checks"]),
            findings=tuple(Finding(**finding) for finding in values["findings"]),
        )

    @property
    def digest(self) -> str:
        """SHA-256 over everything but the durations: two runs that judged alike have the same digest."""
        values = self.to_dict()
        for check in values["checks"]:
            del check["seconds"]
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
