"""An assessment for people at a terminal: each requirement with its state, the evidence against with its place."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gate.compliance.evidence import Answer, Assessment, State
from gate.compliance.formats import WORDS
from gate.compliance.values import STATEMENT

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
    for answer in assessment.answers:
        state = Text(WORDS[answer.state], style=_COLOURS[answer.state])
        table.add_row(Text(answer.requirement.id), state, Text(answer.requirement.words), Text(_evidence(answer)))
    console.print(table)
    counts = ", ".join(f"{words} {assessment.counts[state]}" for state, words in WORDS.items())
    console.print(Text(counts, style="bold"))
    console.print(Text(STATEMENT, style="dim"))


def _evidence(answer: Answer) -> str:
    against = [
        f"{one.rule} {one.finding.place}{' (suppressed)' if one.finding.suppressed else ''}"
        for one in answer.objections
    ]
    kept = sorted({one.rule for one in answer.supports})
    lines = [line.rstrip() for line in against] + ([f"kept: {', '.join(kept)}"] if kept else [])
    return "\n".join(lines)
