"""Trivy's misconfigurations, where a `trivy` is on PATH: its embedded rules, our configuration, no network.

Options and answer are those of aquasecurity/trivy at 0.74: `docs/guide/references/configuration/cli/trivy_config.md`,
`pkg/types/misconfiguration.go` and `pkg/fanal/types/misconf.go` (`AVDID` is deprecated there for `ID`; an id may come
without `AVD-`). `trivy config` has no `--offline-scan`; and `--quiet` throws the log away (`pkg/log/logger.go`), in
which alone a file that could not be parsed is told.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gate.report import Finding, Risk
from gate.scanning import concerns
from gate.scanning.areas import lying_beside
from gate.scanning.programs import Program, scanned_by
from gate.scanning.scanner import Scan, severity
from gate.scanning.warm import ScannerSettings
from tfmodule.files import FileMap, printable

SOURCE = "trivy"
_TROUBLE = re.compile(r"\b(?:ERROR|FATAL)\b|failed to parse|error parsing", re.IGNORECASE)
# Modules of registries are not there for it: their own publication was judged.
_EXPECTED = re.compile(r"Failed to load module\. Maybe try|Failed to find a token for the registry")
_SETTINGS = "scan:\n  skip-version-check: true\n  disable-telemetry: true\n"
"""What would speak to a network that is not there; versions that do not know it yet pass over it in a file."""
_RISKS: Mapping[str, Risk] = {"CRITICAL": "high", "HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
"""For rules that our own list does not know. Only our list calls anything critical."""


def scan(settings: ScannerSettings, files: FileMap) -> Scan | None:
    """None where there is no trivy."""
    return scanned_by(SOURCE, settings, files, lambda program: _scan(program, lying_beside(files)))


def _scan(program: Program, elsewhere: Collection[str]) -> Scan:
    version = program.version("--version")
    since_checks = version >= (0, 51, 0)
    done = program.run(
        "config",
        "--format=json",
        "--skip-check-update" if since_checks else "--skip-policy-update",
        "--tf-exclude-downloaded-modules",
        f"--cache-dir={program.root / 'home'}",
        # Its own search would find trivy.yaml and .trivyignore where it runs.
        f"--config={program.file('trivy.yaml', _SETTINGS)}",
        f"--ignorefile={program.file('ignore', '')}",
        "--exit-code=0",
        ".",
    )
    answer = program.json(done, good=(0,))
    trouble = [line for line in done.stderr.splitlines() if _TROUBLE.search(line) and not _EXPECTED.search(line)]
    if trouble:
        raise program.failed(printable(trouble[-1].strip())[:200])
    found = list(_findings(answer, elsewhere))
    own = [finding for finding in found if finding.path not in elsewhere]
    beside = [finding for finding in found if finding not in own]
    return Scan(tuple(own), tuple(beside), versions=((SOURCE, ".".join(map(str, version))),))


def _findings(answer: Mapping[str, Any], elsewhere: Collection[str]) -> Iterator[Finding]:
    for result in answer.get("Results") or ():
        for one in result.get("Misconfigurations") or ():
            if one.get("Status", "FAIL") == "FAIL":
                yield _finding(str(result["Target"]), one, own=str(result["Target"]) not in elsewhere)


def _finding(target: str, one: Mapping[str, Any], *, own: bool) -> Finding:
    rule = concerns.canonical(str(one.get("AVDID") or one["ID"]))
    known = concerns.rule_of(rule)
    risk = known.risk if concerns.is_known(rule) else _RISKS.get(str(one.get("Severity")), concerns.UNKNOWN_RISK)
    cause = one.get("CauseMetadata") or {}
    resource = str(cause.get("Resource") or "")
    words = printable(str(one.get("Message") or one["Title"])).rstrip(".")
    return Finding(
        rule,
        severity(risk, own=own),
        f"{words}: `{printable(resource)}`." if resource else f"{words}.",
        printable(target) if target.endswith(".tf") else None,  # `.` stands for the module as a whole
        int(cause.get("StartLine") or 0) or None,
        int(cause.get("EndLine") or 0) or None,
        fix=printable(str(one.get("Resolution") or "")),
        source=SOURCE,
        risk=risk,
        same_as=() if known.id == rule else (known.id,),
    )
