"""A report for people at a terminal: what ran, what it found and how to fix it, and who judged."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gate.report import CheckResult, Finding, Outcome, Report, Severity

_COLOURS: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "dim"}
_MARKS: dict[Outcome, str] = {
    "passed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "undecided": "[yellow]?[/]",
    "not-applicable": "[dim]–[/]",
}

_WORTH_SAYING = 0.05
"""Seconds from which the time of a check is shown."""


def show(report: Report, console: Console, *, every: bool = False) -> None:
    """Print it. Of the checks that only count points, those that passed are left out unless `every` is set."""
    console.print(_checks(report, every=every))
    if report.findings:
        console.print(_findings(report))
    colour = {"passed": "green", "refused": "red", "undecided": "yellow"}[report.verdict]
    score = f", score {report.score} of 100" if report.score is not None else ""
    judged = f"{report.profile} profile{score}, engine {report.engine}, tier {report.tier}, sandbox {report.sandbox}"
    console.print(Text(report.verdict, style=f"bold {colour}"), Text(f"({judged})", style="dim"))


def _checks(report: Report, *, every: bool) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    quiet = 0
    for check in report.checks:
        if not every and check.kind == "points" and check.outcome in ("passed", "not-applicable", "skipped"):
            quiet += 1
            continue
        table.add_row(_MARKS[check.outcome], Text(check.title), Text(_worth(check), style="dim"))
    if quiet:
        table.add_row("[dim]…[/]", Text(f"{quiet} more that have nothing to say (--every shows them)", style="dim"))
    return table


def _worth(check: CheckResult) -> str:
    said = [f"{check.points:g} of {check.of:g} points"] if check.kind == "points" else []
    if check.seconds >= _WORTH_SAYING:
        said.append(f"{check.seconds:.1f} s")
    return ", ".join([*said, *filter(None, [check.note])])


def _findings(report: Report) -> Table:
    found = Table("", "where", "what", "how to fix", header_style="bold", padding=(0, 1))
    for finding in report.ordered:
        # Text, not markup: what a finding quotes must not colour or move anything.
        texts = (finding.place, f"{finding.message} [{finding.rule}]", finding.fix)
        found.add_row(_severity(finding), *(Text(text, overflow="fold") for text in texts))
    return found


def _severity(finding: Finding) -> Text:
    word = "suppressed" if finding.suppressed else finding.severity
    return Text(word, style="dim" if finding.suppressed else _COLOURS[finding.severity])
