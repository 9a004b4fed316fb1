"""What the gate says about a module: findings with file and line, the checks that ran, and the verdict.

Plain frozen values; knows no engine, no GitHub and no database.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Literal, Self

Severity = Literal["error", "warning", "note"]
Risk = Literal["critical", "high", "medium", "low", "info"]
"""How bad it would be to publish what was found; severity says whether it stands in the way."""
Outcome = Literal["passed", "failed", "skipped", "undecided", "not-applicable"]
Kind = Literal["gate", "points"]
"""A gate must pass. Points add up to the score, which must reach what the policy asks for."""
Profile = Literal["safety", "house"]
Tier = Literal["provider", "schema", "derived", "builtin", "none"]
"""What the verdict rests on: real providers, their published schemas, schemas derived from public packages, Terraform's
built-in provider alone, or no engine at all."""
Verdict = Literal["passed", "refused", "undecided"]


class _Stored:
    """To and from what JSON can hold. Reports stay in the database for years and are read by other releases.

    A field of `_LATER` is not written while it has its default, so that a report reads, and its digest stays, as it was
    when the field did not exist. A name that is not known here was written by a later release, and is left out.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold; `from_dict` is its inverse."""
        found = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name not in self._LATER or field.default is MISSING or value != field.default:
                found[field.name] = [_plain(one) for one in value] if isinstance(value, tuple) else value
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: _tuples(value) for name, value in values.items() if name in known})


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, _Stored) else value


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Finding(_Stored):
    """One thing a check has to say. Lines count from 1; an error refuses the module, a warning or note does not."""

    rule: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    fix: str = ""
    source: str = "terrasmith"
    """Who says so: terrasmith, terraform, or the scanner's name."""
    risk: Risk | None = None
    suppressed: str = ""
    """The reason that the code gives for not hearing this; empty where it is not suppressed."""
    same_as: tuple[str, ...] = ()
    """Ids under which other scanners say the same."""
    check: str = ""
    """The check of the report that says it; empty in reports of earlier releases."""

    _LATER = frozenset({"source", "risk", "suppressed", "same_as", "check"})

    @property
    def place(self) -> str:
        """`main.tf:12`, or the file alone, or nothing."""
        if self.path is None:
            return ""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True)
class CheckResult(_Stored):
    """How one check of the table ended. `number` is its place in the rubric, 0 for what is no part of it."""

    id: str
    title: str
    outcome: Outcome
    seconds: float
    number: int = 0
    kind: Kind = "gate"
    points: float = 0.0
    of: float = 0.0
    note: str = ""
    """Why it is not applicable, skipped or undecided, where no finding says so."""

    _LATER = frozenset({"number", "kind", "points", "of", "note"})


@dataclass(frozen=True)
class Overridden(_Stored):
    """A policy that somebody decided need not be kept, by name and with a reason."""

    policy: str
    actor: str
    reason: str


@dataclass(frozen=True)
class RuleTally(_Stored):
    """Of how many resources of the module's own code a scanner asked one rule, and with what answer."""

    rule: str
    passed: int = 0
    failed: int = 0
    suppressed: int = 0

    _LATER = frozenset({"passed", "failed", "suppressed"})


@dataclass(frozen=True)
class Report(_Stored):
    """The judgement. It names who judged (`engine`, `tier`, `sandbox`) because a verdict is worth no more than that."""

    profile: Profile
    engine: str
    tier: Tier
    sandbox: str
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    gate_version: str = ""
    """Which gate judged: another one may say something else of the same files."""
    input_digest: str = ""
    policy_digest: str = ""
    providers: tuple[str, ...] = ()
    """The real providers that took part: `SOURCE VERSION HASH`, with the hash that Terraform's lock files tell."""
    scanners: tuple[str, ...] = ()
    """Who scanned all of the code, with versions; empty where nobody did, and in reports of earlier releases."""
    asked: tuple[RuleTally, ...] = ()
    """The scanners' rules that had a resource to be asked of. What is not here has passed nothing."""
    organisation: str = ""
    """The digest of the organisation's own policies and overrides; empty where it has none."""
    overrides: tuple[Overridden, ...] = ()
    """Those without which this report would refuse the module."""

    _LATER = frozenset(
        {"gate_version", "input_digest", "policy_digest", "providers", "scanners", "asked", "organisation", "overrides"}
    )

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

    @property
    def score(self) -> int | None:
        """Points reached of a hundred, rounded down; None where nothing was counted.

        What does not apply, or was not run because a gate had failed before, leaves the denominator.
        """
        counted = [one for one in self.checks if one.of and one.outcome not in ("not-applicable", "skipped")]
        total = sum(one.of for one in counted)
        # Rounded first: 17 × 0.1 shall not become 1 point less than it is.
        return int(round(100 * sum(one.points for one in counted) / total, 6)) if total else None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        parts = {
            "checks": tuple(CheckResult.from_dict(check) for check in values["checks"]),
            "findings": tuple(Finding.from_dict(finding) for finding in values["findings"]),
            "overrides": tuple(Overridden.from_dict(one) for one in values.get("overrides", ())),
            "asked": tuple(RuleTally.from_dict(tally) for tally in values.get("asked", ())),
        }
        return super().from_dict({**values, **parts})

    @property
    def digest(self) -> str:
        """SHA-256 over everything but the durations: two runs that judged alike have the same digest."""
        values = self.to_dict()
        for check in values["checks"]:
            del check["seconds"]
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
