"""Propose, judge, mend, and keep the best candidate. Knows no writer and no engine: both are passed in.

Refuses to hand over what did not pass.
"""

from collections.abc import Callable
from dataclasses import replace

from gate.fixes import mended
from generator import scaffold
from generator.acceptance import with_acceptance
from generator.repairing import Candidate, Compare, Judge, Progress, Repair
from generator.request import (
    MAX_PROMPT_CHARACTERS,
    Ask,
    Draft,
    EmptyPromptError,
    PromptTooLongError,
    Proposal,
    RefusedDraftError,
)
from generator.trajectory import Trajectory
from generator.writing import Writer
from tfmodule.address import Address
from tfmodule.files import FileMap

Formatter = Callable[[FileMap], FileMap]
"""Brings files to `terraform fmt` form; what it cannot read it leaves alone."""


def generate(
    ask: Ask,
    *,
    writer: Writer,
    judge: Judge,
    progress: Progress | None = None,
    formatter: Formatter | None = None,
    compare: Compare | None = None,
) -> Draft:
    """Write the module asked for, or raise: a UserError of the writer, or RefusedDraftError with the last report.

    `progress` is called with a step (`write`, `check`, `repair`) and a sentence about it. `compare` plans a security
    repair on the state of what it repairs.
    """
    _check_prompt(ask.prompt)
    progress = progress or _silent
    progress("write", "Writing the module")
    repair = Repair(ask, writer, judge, lambda proposal: _completed(proposal, ask, formatter), progress, compare)
    best = repair.run(writer.propose(ask))
    if not best.report.passed:
        raise RefusedDraftError(best.report, best.proposal, repair.trajectory)
    return _draft(best, repair.trajectory)


def _silent(_step: str, _text: str) -> None:
    pass


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise EmptyPromptError
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise PromptTooLongError(len(prompt))


def _completed(proposal: Proposal, ask: Ask, formatter: Formatter | None) -> Proposal:
    # The name and system become an address: a writer must not break its rules.
    Address(ask.namespace, proposal.name, proposal.system)
    files = mended(with_acceptance(scaffold.complete(proposal), ask.brief))
    if formatter is not None:
        files = formatter(files)
    # Last, because the README quotes the formatted example.
    return replace(proposal, files=scaffold.with_readme(files, proposal, ask))


def _draft(best: Candidate, trajectory: Trajectory) -> Draft:
    proposal = best.proposal
    return Draft(
        name=proposal.name,
        system=proposal.system,
        title=proposal.title,
        summary=proposal.summary,
        files=proposal.files,
        assumptions=proposal.assumptions,
        source=proposal.source,
        report=best.report,
        usage=proposal.usage,
        rounds=sum(one.by != "model" or bool(one.failing) or one.accepted for one in trajectory),
        refused_paths=proposal.refused_paths,
        instructions_sha256=proposal.instructions_sha256,
        trajectory=trajectory,
    )
