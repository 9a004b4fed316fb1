"""The port behind which scanners work, and what a scan says. Values only: no scanner is known here.

A scan that could not be made, or not wholly, is a value too: its `problems` say why, and it is never a clean one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gate.modules import NO_MODULES, Modules
from gate.report import Finding, Severity
from tfmodule.files import FileMap

NO_REASON = "no reason given"
"""What `Finding.suppressed` says where a comment suppresses and does not say why."""


@dataclass(frozen=True)
class Suppression:
    """A comment that asks a scanner to be silent. `rule` is empty when it names none, `reason` when it gives none."""

    tool: str
    rule: str
    reason: str
    path: str
    line: int


@dataclass(frozen=True)
class Tally:
    """How often one rule was asked of the module's own code, and with what answer."""

    passed: int = 0
    failed: int = 0
    suppressed: int = 0


@dataclass(frozen=True)
class Scan:
    """What the scanners found. Findings come by path and line; what was suppressed is among them and says so."""

    findings: tuple[Finding, ...] = ()
    beside: tuple[Finding, ...] = ()
    """The same of examples and of called modules, whose own publication was judged: never in the way."""
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Finding, ...] = ()
    """Why the code was not scanned, or not all of it, and what to do. Empty: the scan is complete."""
    tally: Mapping[str, Tally] = field(default_factory=dict)
    """By rule; Checkov's, and of the module itself: neither examples nor modules that it calls."""
    scanned_resources: int = 0
    parse_errors: tuple[str, ...] = ()
    """Paths that a scanner could not read."""
    versions: tuple[tuple[str, str], ...] = ()
    """Which scanners spoke, with their versions."""
    off: bool = False
    """The operator has switched scanning off: nobody looked, and nobody was meant to."""

    @property
    def complete(self) -> bool:
        return not self.problems and not self.off

    @property
    def pass_rate(self) -> float | None:
        """The share of rules that were kept, of those that were asked; None for none. Without what was suppressed."""
        passed = sum(tally.passed for tally in self.tally.values())
        asked = passed + sum(tally.failed for tally in self.tally.values())
        return passed / asked if asked else None


class Scanner(Protocol):
    """Something that scans a module's files."""

    def scan(self, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
        """Scan the files that the screen admitted, and the called modules for what the calls make of them.

        Never raises for content.
        """


class NoScanner:
    """Stands where the operator switched scanning off (TERRASMITH_SCANNER=off)."""

    def scan(self, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
        del files, modules
        return Scan(off=True)


def problem(message: str, fix: str, path: str | None = None) -> Finding:
    """Why a scan is not complete."""
    return Finding("scan", "warning", message, path, fix=fix)


def severity(risk: str, *, own: bool = True) -> Severity:
    """What a risk means for a module: only the critical refuses it, and only in code of its own."""
    if risk == "critical":
        return "error" if own else "warning"
    return "warning" if risk in ("high", "medium") else "note"
