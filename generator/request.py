"""What is asked of the generator and what it hands back: plain frozen values, and the ways it says no.

Knows no GitHub, no database and no queue.
"""

from dataclasses import dataclass, field

from core.errors import UserError
from gate.report import Report
from generator.brief import Brief
from generator.trajectory import Trajectory
from tfmodule.files import FileMap

MAX_PROMPT_CHARACTERS = 16_000


@dataclass(frozen=True)
class Ask:
    """One wish. `name` and `system` bind when they are given; `registry_host` only decorates the README."""

    prompt: str
    name: str | None
    system: str | None
    namespace: str
    registry_host: str = ""
    brief: Brief | None = None
    """What the wish was understood to be; its assertions become the module's acceptance test."""


@dataclass(frozen=True)
class Usage:
    """What the model spent on one draft, summed over its calls: tokens, and money in millionths of a dollar."""

    model: str
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_micros: int = 0
    reserved_micros: int = 0
    """What was set aside before the calls, at the most they could cost."""

    def plus(self, other: "Usage") -> "Usage":
        """Both together, under this one's model."""
        return Usage(
            self.model,
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cost_micros + other.cost_micros,
            self.reserved_micros + other.reserved_micros,
        )


@dataclass(frozen=True)
class Proposal:
    """What a writer hands in, before scaffold and gate. `source` is `template:<folder>` or `claude:<model>`.

    `refused_paths` are files the writer was not allowed to write, each with the reason; `notes` are sentences
    for the README (cost, permissions).
    """

    name: str
    system: str
    title: str
    summary: str
    files: FileMap
    source: str
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage | None = None
    refused_paths: tuple[str, ...] = ()
    instructions_sha256: str | None = None
    """Which text of ours the model was instructed with; none where no model wrote."""


@dataclass(frozen=True)
class Draft:
    """A module that the gate passed, ready to be committed. `rounds` counts the candidates that were judged."""

    name: str
    system: str
    title: str
    summary: str
    files: FileMap = field(repr=False)
    assumptions: tuple[str, ...]
    source: str
    report: Report = field(repr=False)
    usage: Usage | None
    rounds: int
    refused_paths: tuple[str, ...] = ()
    instructions_sha256: str | None = None
    trajectory: Trajectory = ()


class EmptyPromptError(UserError):
    """Nothing was asked."""

    def __init__(self) -> None:
        super().__init__(
            "Tell me in a sentence what the module must create. "
            "For example: `/generate an S3 bucket with versioning and encryption`"
        )


class PromptTooLongError(UserError):
    """More text than a request can use."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"That is {length:,} characters; a request may have at most {MAX_PROMPT_CHARACTERS:,}. "
            "Say in a few sentences what the module must create, and I start at once."
        )
        self.length = length


class NothingFitsError(UserError):
    """No template fits the prompt; the text lists what can be made."""


class WriterRefusedError(UserError):
    """The model did not write the module, and says or shows why. Nothing else is put in its place.

    `usage` is what was spent all the same, earlier rounds included.
    """

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = usage


class UnfitRepairError(WriterRefusedError):
    """An answer that does not fit the files. Told so, the model may do better in the next round."""


class RefusedDraftError(UserError):
    """The best candidate did not pass the gate. `report` is its report, `proposal` what was judged."""

    def __init__(self, report: Report, proposal: Proposal, trajectory: Trajectory = ()) -> None:
        super().__init__(_why_refused(report))
        self.report = report
        self.proposal = proposal
        self.trajectory = trajectory


def _why_refused(report: Report) -> str:
    problems = report.errors
    lines = [f"- {f'`{finding.place}`: ' if finding.place else ''}{finding.message}" for finding in problems[:10]]
    if len(problems) > 10:
        lines.append(f"- … and {len(problems) - 10} more")
    detail = "\n\n" + "\n".join(lines) if lines else ""
    if report.verdict == "undecided":
        return f"I wrote the module, but could not judge it here, so I do not hand it over.{detail}"
    return f"The module that I wrote did not pass the checks, so I do not hand it over.{detail}"
