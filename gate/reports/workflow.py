"""A report as workflow commands of GitHub Actions: annotations at the lines of a pull request, without any token.

Escaping follows GitHub's toolkit (`command.ts`): a message escapes `%`, CR and LF, a property also `:` and `,`.
"""

from gate.report import Finding, Report, Severity

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}
SHOWN = 10
"""GitHub shows ten annotations of a kind for each step and drops the rest without a word."""


def workflow_commands(report: Report, *, prefix: str = "") -> str:
    """One command a finding; `prefix` is the module's folder in the repository. What is suppressed is left out."""
    lines = []
    for severity, command in _COMMANDS.items():
        spoken = [one for one in report.ordered if one.severity == severity and not one.suppressed]
        lines += [_command(command, finding, prefix.strip("/")) for finding in spoken[:SHOWN]]
        if len(spoken) > SHOWN:
            left = f"{len(spoken) - SHOWN} more of this kind are in the job's log"
            lines.append(f"::{command} title=terrasmith::{_message(left)}")
    return "".join(line + "\n" for line in lines)


def _command(command: str, finding: Finding, prefix: str) -> str:
    properties = {"title": finding.rule}
    if finding.path is not None:
        properties["file"] = "/".join(part for part in (prefix, finding.path) if part)
        if finding.line is not None:
            properties |= {"line": str(finding.line), "endLine": str(finding.end_line or finding.line)}
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = f"{finding.message} {finding.fix}" if finding.fix else finding.message
    return f"::{command} {named}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
