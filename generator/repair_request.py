"""What a model is told of a module that did not pass, and how its edits are read. Knows no API."""

import json
from collections.abc import Mapping, Sequence

from gate.report import Report
from generator.edits import Edit
from generator.request import Ask, Proposal

_MAX_FINDINGS = 40
_MAX_TOLD = 3
_CODE = (".tf", ".tftest.hcl", ".tftpl")
EDIT_FORM: Mapping[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["edits"],
    "properties": {
        "edits": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "old", "new"],
                "properties": {"path": {"type": "string"}, "old": {"type": "string"}, "new": {"type": "string"}},
            },
        },
    },
}


def repair_request(ask: Ask, proposal: Proposal, report: Report, told: Sequence[str]) -> dict[str, object]:
    """The findings that stand in the way, and the files that they name: nothing that is right has to be read again."""
    # A score that is too low stands in the way, and only the remarks say what it takes to raise it.
    low = any(finding.rule == "score" for finding in report.errors)
    errors = (report.ordered if low else report.errors)[:_MAX_FINDINGS]
    code = {path for path in proposal.files if path.endswith(_CODE)}
    shown = {finding.path for finding in errors if finding.path in code} or code
    return {
        "request": ask.prompt,
        "findings": [
            {"rule": one.rule, "place": one.place, "message": one.message[:2000], "fix": one.fix[:500]}
            for one in errors
        ],
        "thrown_away": [text[:1000] for text in told[-_MAX_TOLD:]],
        "paths": sorted(code),
        "files": [
            {"path": path, "content": proposal.files[path].decode(errors="replace")}
            for path in sorted(path for path in shown if path)
        ],
        "refused": list(proposal.refused_paths),
    }


def read_edits(text: str) -> tuple[Edit, ...] | None:
    """The edits, or None where the text is not of the form. The API promises the form; this does not rely on it."""
    try:
        values = [(one["path"], one["old"], one["new"]) for one in json.loads(text)["edits"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not values or not all(isinstance(part, str) for value in values for part in value):
        return None
    return tuple(Edit(*value) for value in values)
