"""What Terraform says, as findings: JSON diagnostics of validate and test, and the text of init and fmt.

Paths come back relative to the module; nothing of the machine's directories may stay in a message.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gate.report import Finding, Severity
from gate.workspace import Workspace

_MAX_MESSAGE = 1_500
_MAX_FINDINGS = 100
_TEXT = re.compile(r"^(Error|Warning): (.+?)$(.*?)(?=^(?:Error|Warning): |\Z)", re.MULTILINE | re.DOTALL)
_TEXT_PLACE = re.compile(r"^\s+on (.+?) line (\d+)(?:,.*)?:?$", re.MULTILINE)
_TEXT_AT = re.compile(r"\bat ([^\s:]+\.tf):(\d+)")
_GENERAL = "encountered problems during initiali"
# What differs at every run: the eight characters that a mocked provider makes up, moments, and ids made at random.
_MADE_UP = re.compile(
    r"\b(?:(?=[a-z]*\d)[0-9a-z]{8}"
    r"|\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9A-Za-z])"
    r'|"[0-9a-z]{8}"'
)
_SNIPPET = re.compile(r"^\s+(?:\d+:.*|on .+ line \d+.*|├.*|│.*)$", re.MULTILINE)


def from_validate(output: str, rule: str, directory: str, workspace: Workspace) -> tuple[Finding, ...] | None:
    """The diagnostics of `validate -json`; None when the output is no such thing."""
    try:
        values = json.loads(output)
        diagnostics = values["diagnostics"]
        found = [_diagnostic(item, rule, directory, workspace) for item in diagnostics]
        # Terraform walks its maps in another order each time; the same module shall get the same report.
        return tuple(sorted(found, key=lambda one: (one.path or "", one.line or 0, one.message))[:_MAX_FINDINGS])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def events(output: str) -> Iterator[Mapping[str, Any]]:
    """The JSON lines of `test -json`; lines that are none are left out."""
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def from_test(
    output: str, workspace: Workspace, *, only: str | None = None, leaving_out: str | None = None
) -> tuple[Finding, ...]:
    """The diagnostics of `test -json`, each naming the run it belongs to: of one test file, or of all but one."""
    found: list[Finding] = []
    for event in events(output):
        diagnostic = event.get("diagnostic")
        said_by = posixpath.normpath(str(event.get("@testfile", "")))
        if said_by == leaving_out or (only is not None and said_by != only):
            continue
        if event.get("type") == "diagnostic" and isinstance(diagnostic, dict) and len(found) < _MAX_FINDINGS:
            run = f' (run "{event["@testrun"]}")' if event.get("@testrun") else ""
            finding = _diagnostic(diagnostic, "test", "", workspace, file=str(event.get("@testfile", "")))
            found.append(replace(finding, message=lasting(finding.message) + run))
    return tuple(found)


def told(item: Mapping[str, Any], workspace: Workspace) -> str:
    """One diagnostic in a line, without its place."""
    return _message(str(item.get("summary", "")), str(item.get("detail", "")), workspace)


def lasting(message: str) -> str:
    """What a run said, without what would be another at the next run: the same module shall get the same report."""
    return _MADE_UP.sub(lambda match: '"…"' if match.group().startswith('"') else "…", message)


def from_text(text: str, rule: str, directory: str, workspace: Workspace) -> tuple[Finding, ...]:
    """The `Error:` and `Warning:` paragraphs of plain output."""
    found = []
    for match in list(_TEXT.finditer(text))[:_MAX_FINDINGS]:
        severity: Severity = "error" if match.group(1) == "Error" else "warning"
        body = match.group(3)
        if _GENERAL in match.group(2):
            continue
        place = _TEXT_PLACE.search(body) or _TEXT_AT.search(body)
        path = _relative(place.group(1), directory, workspace) if place else None
        detail = " ".join(_SNIPPET.sub("", body).split())
        message = _message(match.group(2).strip(), detail, workspace)
        found.append(Finding(rule, severity, message, path, int(place.group(2)) if place and path else None))
    return tuple(found)


def _diagnostic(item: Mapping[str, Any], rule: str, directory: str, workspace: Workspace, *, file: str = "") -> Finding:
    severity: Severity = "error" if item.get("severity") == "error" else "warning"
    message = told(item, workspace)
    place = item.get("range")
    if not isinstance(place, dict):
        return Finding(rule, severity, message, _relative(file, directory, workspace) if file else None)
    path = _relative(str(place.get("filename", "")), directory, workspace)
    if path is None:
        return Finding(rule, severity, message)
    return Finding(rule, severity, message, path, _line(place, "start"), _line(place, "end"))


def _line(place: Mapping[str, Any], end: str) -> int | None:
    position = place.get(end)
    line = position.get("line") if isinstance(position, dict) else None
    return line if isinstance(line, int) and line > 0 else None


def _message(summary: str, detail: str, workspace: Workspace) -> str:
    whole = f"{summary.rstrip('.')}: {detail}" if detail else summary
    text = " ".join(whole.split()).replace(str(workspace.work), ".").replace(str(workspace.root), "…")
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def _relative(name: str, directory: str, workspace: Workspace) -> str | None:
    """A path as the module knows it; None when it lies outside."""
    if not name or name.startswith("<"):
        return None  # Terraform calls what stands in no file `<empty>`
    if posixpath.isabs(name):
        name = posixpath.relpath(name, str(workspace.work))
    else:
        name = posixpath.normpath(posixpath.join(directory, name))
    return None if name.startswith("..") else name
