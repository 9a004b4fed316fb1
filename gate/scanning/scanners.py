"""All scanners of this machine as one: each is asked, and what two of them say alike is said once."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gate.modules import NO_MODULES, Modules
from gate.report import Finding
from gate.scanning import checkov, suppressions, tflint, trivy
from gate.scanning.concerns import same
from gate.scanning.scanner import NoScanner, Scan, Scanner
from gate.scanning.warm import OFF, ScannerSettings, find_python
from tfmodule.files import FileMap


def make_scanner(settings: ScannerSettings) -> Scanner:
    """The scanner that an operator's settings ask for."""
    return NoScanner() if settings.python == OFF else Scanners(settings)


def tools(settings: ScannerSettings) -> str:
    """Which scanners would speak, by their files and without running any: reports made by others are not these."""
    if settings.python == OFF:
        return OFF
    python = find_python(settings)
    found = sorted(python.parent.parent.glob("lib/python*/site-packages/checkov-*.dist-info")) if python else []
    names = [path.name for path in found] or ["none"]
    for name in (trivy.SOURCE, tflint.SOURCE):
        if program := shutil.which(name):
            status = Path(program).stat()
            names.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    return ", ".join(names)


@dataclass(frozen=True)
class Scanners:
    """Checkov, which must be there, and trivy and tflint where they are."""

    settings: ScannerSettings

    def scan(self, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
        found = checkov.scan(self.settings, files, modules)
        others = (trivy.scan(self.settings, files), tflint.scan(self.settings, files))
        whole = merge([found, *(scan for scan in others if scan is not None)])
        return replace(whole, suppressions=tuple(suppressions.find(files)))


def merge(scans: Iterable[Scan]) -> Scan:
    """One scan out of several, the first the leading one; in an order that depends on nothing but what was found."""
    first, *others = scans
    findings, beside = list(first.findings), list(first.beside)
    for other in others:
        findings = _joined(findings, other.findings)
        beside = _joined(beside, other.beside)
    everyone = (first, *others)
    return replace(
        first,
        findings=tuple(sorted(findings, key=_order)),
        beside=tuple(sorted(beside, key=_order)),
        problems=tuple(problem for scan in everyone for problem in scan.problems),
        parse_errors=tuple(sorted({path for scan in everyone for path in scan.parse_errors})),
        versions=tuple(version for scan in everyone for version in scan.versions),
    )


def _joined(ours: list[Finding], theirs: Iterable[Finding]) -> list[Finding]:
    joined = list(ours)
    for one in theirs:
        twins = [n for n, other in enumerate(joined) if _alike(other, one)]
        for number in twins:
            known = joined[number]
            joined[number] = replace(known, same_as=tuple(sorted({*known.same_as, one.rule})))
        if not twins:
            joined.append(one)
    return joined


def _alike(one: Finding, other: Finding) -> bool:
    """The same concern at the same place: the lines meet, for one points at a block and another at a line in it."""
    if one.source == other.source or one.path != other.path or not same(one.rule, other.rule):
        return False
    if one.line is None or other.line is None:
        return one.line == other.line
    return one.line <= (other.end_line or other.line) and other.line <= (one.end_line or one.line)


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.path or "", finding.line or 0, finding.end_line or 0, finding.rule, finding.message, finding.source)
