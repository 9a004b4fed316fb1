"""What is said where this machine cannot judge: no Terraform that answers, none that is free, too little sandbox."""

from collections.abc import Iterator

from gate.conclusion import Conclusion
from gate.report import Finding
from gate.sandbox.levels import REQUIRED, Level, enough
from gate.sandbox.probe import Probe


def no_terraform() -> Conclusion:
    message = "The engine does not answer to `version` as Terraform or OpenTofu would."
    fix = "Name the program itself in TERRASMITH_TERRAFORM: in the sandbox, a version manager's script finds no shell."
    return Conclusion("undecided", (Finding("engine", "warning", message, fix=fix),))


def all_busy() -> Finding:
    message = "Every engine of this machine was at work for as long as a judgement waits for one."
    fix = "Ask again later, or allow more at once in TERRASMITH_ENGINE_JOBS, if there is memory for them."
    return Finding("engine-busy", "warning", message, fix=fix)


def loosely(level: Level) -> Iterator[Finding]:
    """What a reader must know of a verdict for which code ran that nothing contained."""
    if level != "L0" and not enough("require", level):
        yield Finding(
            "sandbox",
            "note",
            f"The module's code ran at level {level}, on the operator's word that it can be trusted: it could read"
            " files of the machine and reach its network.",
            fix="`terrasmith sandbox` says what is missing for code of strangers.",
        )


def no_sandbox(found: Probe) -> Finding:
    message = (
        f"This machine can contain the module's code only to level {found.level}; code of strangers needs {REQUIRED}."
        " So no Terraform was run."
    )
    fix = (
        f"{found.reason} `terrasmith sandbox` tells more. If everyone who can ask is trusted with this machine,"
        " set TERRASMITH_SANDBOX=trusted-local."
    )
    return Finding("sandbox", "warning", message, fix=fix)
