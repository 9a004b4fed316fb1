"""A report as Markdown: for a job's summary, a wiki or a mail. Nothing that a module says can become markup here."""

import re

from gate.report import CheckResult, Finding, Outcome, Report

_MARKS: dict[Outcome, str] = {
    "passed": "✅",
    "failed": "❌",
    "skipped": "➖",
    "undecided": "❔",
    "not-applicable": "➖",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~@:-])")


def markdown(report: Report) -> str:
    """Verdict, checks and findings, errors first."""
    parts = [f"## Terrasmith: {report.verdict}", _judged(report), _checks(report)]
    if report.findings:
        parts.append(_findings(report))
    return "\n\n".join(parts) + "\n"


def _judged(report: Report) -> str:
    score = f", score **{report.score}** of 100" if report.score is not None else ""
    who = f"engine {plain(report.engine)}, tier {report.tier}, sandbox {plain(report.sandbox)}"
    return f"Profile **{report.profile}**{score}; {who}."


def _checks(report: Report) -> str:
    rows = [
        f"| {_MARKS[check.outcome]} {check.outcome} | {plain(check.title)} | {_worth(check)} |"
        for check in report.checks
    ]
    return "\n".join(["| Result | Check | Worth |", "| --- | --- | --- |", *rows])


def _worth(check: CheckResult) -> str:
    if check.outcome == "not-applicable":
        return plain(check.note)
    return f"{check.points:g} of {check.of:g}" if check.kind == "points" else "gate"


def _findings(report: Report) -> str:
    rows = [_row(finding) for finding in report.ordered]
    return "\n".join(["| | Where | What | How to fix |", "| --- | --- | --- | --- |", *rows])


def _row(finding: Finding) -> str:
    said = f"{plain(finding.message)} ({plain(finding.rule)})"
    word = f"suppressed: {plain(finding.suppressed)}" if finding.suppressed else finding.severity
    return f"| {word} | {plain(finding.place)} | {said} | {plain(finding.fix)} |"


def plain(text: str) -> str:
    """The text with every character that Markdown could take for its own escaped, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
