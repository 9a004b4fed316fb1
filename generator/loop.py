"""Propose, judge, repair once, and keep the better candidate. Knows no writer and no engine: both are passed in.

Refuses to hand over what did not pass.
"""

from collections.abc import Callable
from dataclasses import replace

from gate.report import Report
from generator import scaffold
from generator.acceptance import with_acceptance
from generator.request import (
    MAX_PROMPT_CHARACTERS,
    Ask,
    Draft,
    EmptyPromptError,
    PromptTooLongError,
    Proposal,
    RefusedDraftError,
    Usage,
    WriterRefusedError,
)
from generator.writing import Writer
from tfmodule.address import Address
from tfmodule.files import FileMap

Judge = Callable[[FileMap], Report]
Progress = Callable[[str, str], None]
"""Called with a step (`write`, `check`, `repair`) and a sentence about it."""
Formatter = Callable[[FileMap], FileMap]
"""Brings files to `terraform fmt` form; what it cannot read it leaves alone."""


def generate(
    ask: Ask,
    *,
    writer: Writer,
    judge: Judge,
    progress: Progress | None = None,
    formatter: Formatter | None = None,
) -> Draft:
    """Write the module asked for, or raise: a UserError of the writer, or RefusedDraftError with the last report."""
    _check_prompt(ask.prompt)
    progress = progress or _silent
    progress("write", "Writing the module")
    proposal = _completed(writer.propose(ask), ask, formatter)
    progress("check", f"Checking {len(proposal.files)} files of {proposal.title}")
    report = judge(proposal.files)
    rounds = 1
    if report.verdict == "refused":
        progress("repair", f"Mending {_count(report)}")
        repaired, spent = _repaired(writer, ask, proposal, report, formatter)
        if repaired is not None:
            progress("check", f"Checking again, {len(repaired.files)} files")
            second = judge(repaired.files)
            rounds = 2
            if is_better(second, report):
                proposal, report = repaired, second
        proposal = replace(proposal, usage=spent)
    if not report.passed:
        raise RefusedDraftError(report, proposal)
    return _draft(proposal, report, rounds)


def is_better(new: Report, old: Report) -> bool:
    """Whether a repair may replace what it repaired: it passes, or it has fewer errors and loses no passed check."""
    if new.passed or old.passed:
        return new.passed and not old.passed
    lost = _passed_checks(old) - _passed_checks(new)
    return not lost and len(new.errors) < len(old.errors)


def _silent(_step: str, _text: str) -> None:
    pass


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise EmptyPromptError
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise PromptTooLongError(len(prompt))


def _repaired(
    writer: Writer, ask: Ask, proposal: Proposal, report: Report, formatter: Formatter | None
) -> tuple[Proposal | None, Usage | None]:
    """The mended candidate, and what both together cost."""
    try:
        repaired = writer.repair(ask, proposal, report)
    except WriterRefusedError as error:
        # The first candidate's report tells more than a failed repair would.
        return None, error.usage or proposal.usage
    if repaired is None:
        return None, proposal.usage
    return _completed(repaired, ask, formatter), repaired.usage or proposal.usage


def _completed(proposal: Proposal, ask: Ask, formatter: Formatter | None) -> Proposal:
    # The name and system become an address: a writer must not break its rules.
    Address(ask.namespace, proposal.name, proposal.system)
    files = with_acceptance(scaffold.complete(proposal), ask.brief)
    if formatter is not None:
        files = formatter(files)
    # Last, because the README quotes the formatted example.
    return replace(proposal, files=scaffold.with_readme(files, proposal, ask))


def _draft(proposal: Proposal, report: Report, rounds: int) -> Draft:
    return Draft(
        name=proposal.name,
        system=proposal.system,
        title=proposal.title,
        summary=proposal.summary,
        files=proposal.files,
        assumptions=proposal.assumptions,
        source=proposal.source,
        report=report,
        usage=proposal.usage,
        rounds=rounds,
        refused_paths=proposal.refused_paths,
        instructions_sha256=proposal.instructions_sha256,
    )


def _passed_checks(report: Report) -> frozenset[str]:
    return frozenset(check.id for check in report.checks if check.outcome == "passed")


def _count(report: Report) -> str:
    errors = len(report.errors)
    return "1 finding" if errors == 1 else f"{errors} findings"
