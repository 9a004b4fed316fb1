"""An assessment for people at a terminal: each requirement with its state, the evidence against with its place."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gate.compliance.evidence import Answer, Assessment, Scope, State
from gate.compliance.formats import WORDS
from gate.compliance.values import STATEMENT
from tfmodule.files import printable

_COLOURS: dict[State, str] = {
    "evidence-for": "green",
    "evidence-against": "red",
    "no-evidence": "dim",
    "unmapped": "dim",
}


def show(assessment: Assessment, console: Console) -> None:
    """Print it. Text, not markup: what a finding quotes must not colour or move anything."""
    framework = assessment.framework
    console.print(Text(f"{framework.title} {framework.version}: {assessment.name}", style="bold"))
    table = Table("", "state", "in our words", "evidence", header_style="bold", padding=(0, 1))
    for answer in assessment.shown:
        state = Text(WORDS[answer.state], style=_COLOURS[answer.state])
        table.add_row(
            Text(answer.requirement.id),
            state,
            Text(answer.requirement.words),
            Text(_evidence(answer, assessment.scope)),
        )
    console.print(table)
    counts = ", ".join(f"{words} {assessment.counts[state]}" for state, words in WORDS.items())
    console.print(Text(counts, style="bold"))
    console.print(Text(STATEMENT, style="dim"))


def _evidence(answer: Answer, scope: Scope) -> str:
    lines = []
    for one in answer.objections:
        whose = f"{one.subject.name}: " if scope == "namespace" else ""
        reason = " (suppressed)" if one.finding.suppressed else ""
        lines.append(f"{whose}{one.rule} {printable(one.finding.place)}{reason}".rstrip())
    kept = sorted({one.rule for one in answer.supports})
    return "\n".join([*lines, *([f"kept: {', '.join(kept)}"] if kept else [])])
