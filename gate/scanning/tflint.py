"""tflint's issues, where a `tflint` is on PATH: its bundled Terraform rules, our configuration, no network.

Options, exit codes and answer are those of terraform-linters/tflint (`cmd/option.go`, `cmd/cli.go`,
`formatter/json.go`): 0 nothing, 1 it could not look, 2 it found something; an issue without a place of its own names
the folder and line 0 (`cmd/inspect_parallel.go`). It starts itself once more as its plugin, and speaks with that
through a Unix socket below TMPDIR.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gate.report import Finding, Risk
from gate.scanning.areas import lying_beside
from gate.scanning.programs import Program, scanned_by
from gate.scanning.scanner import Scan, severity
from gate.scanning.warm import ScannerSettings
from tfmodule.files import FileMap, printable

SOURCE = "tflint"
_CONFIGURATION = 'plugin "terraform" {\n  enabled = true\n  preset  = "recommended"\n}\n'
_RISKS: Mapping[str, Risk] = {"error": "medium", "warning": "low"}


def scan(settings: ScannerSettings, files: FileMap) -> Scan | None:
    """None where there is no tflint."""
    return scanned_by(SOURCE, settings, files, lambda program: _scan(program, lying_beside(files)))


def _scan(program: Program, elsewhere: Collection[str]) -> Scan:
    version = program.version("--version")
    done = program.run_talking(
        "--format=json",
        "--recursive",
        "--no-color",
        "--call-module-type=none" if version >= (0, 50, 0) else "--no-module",
        f"--config={program.file('tflint.hcl', _CONFIGURATION)}",
    )
    answer = program.json(done, good=(0, 2))  # 2: it found something
    errors = answer.get("errors") or ()
    if errors:
        raise program.failed(printable(str(errors[0].get("message") or errors[0].get("summary")))[:200])
    found = tuple(_findings(answer))
    beside = tuple(finding for finding in found if finding.path in elsewhere)
    own = tuple(finding for finding in found if finding not in beside)
    return Scan(own, beside, versions=((SOURCE, ".".join(map(str, version))),))


def _findings(answer: Mapping[str, Any]) -> Iterator[Finding]:
    for issue in answer.get("issues") or ():
        rule, place = issue["rule"], issue["range"]
        risk = _RISKS.get(str(rule["severity"]), "info")
        yield Finding(
            str(rule["name"]),
            severity(risk),
            printable(str(issue["message"])).rstrip(".") + ".",
            printable(str(place["filename"])) if str(place["filename"]).endswith(".tf") else None,
            int(place["start"]["line"]) or None,
            int(place["end"]["line"]) or None,
            fix=f"See {printable(str(rule['link']))}." if rule.get("link") else "",
            source=SOURCE,
            risk=risk,
        )
