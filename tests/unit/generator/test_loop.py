"""Propose, judge, repair once: the loop with a writer and a judge of the test's own."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.errors import Transient
from gate.report import CheckResult, Finding, Outcome, Report, Verdict
from generator.loop import generate, is_better
from generator.request import (
    MAX_PROMPT_CHARACTERS,
    Ask,
    EmptyPromptError,
    PromptTooLongError,
    Proposal,
    RefusedDraftError,
    Usage,
    WriterRefusedError,
)
from tfmodule.address import InvalidAddressError
from tfmodule.files import FileMap

_ASK = Ask("a thing", None, None, "acme")
_PROPOSAL = Proposal("thing", "terraform", "Thing", "A thing.", {"main.tf": b"# first\n"}, "test:writer")


def _report(verdict: Verdict, errors: int = 0, **checks: Outcome) -> Report:
    findings = tuple(Finding("rule", "error", f"wrong {number}", "main.tf", number) for number in range(1, errors + 1))
    results = tuple(CheckResult(name, name, outcome, 0.0) for name, outcome in checks.items())
    return Report("house", "none", "builtin", "L0", verdict, results, findings)


class _Writer:
    def __init__(self, repair: Callable[[Proposal], Proposal | None] | None = None) -> None:
        self.repairs = 0
        self._repair = repair or (lambda proposal: None)

    def propose(self, ask: Ask) -> Proposal:
        return _PROPOSAL

    def repair(self, ask: Ask, proposal: Proposal, report: Report) -> Proposal | None:
        self.repairs += 1
        return self._repair(proposal)


def _mend(proposal: Proposal) -> Proposal:
    return replace(proposal, files={**proposal.files, "main.tf": b"# second\n"}, usage=Usage("m", 2))


def _judge(first: Report, second: Report) -> Callable[[FileMap], Report]:
    return lambda files: second if files["main.tf"] == b"# second\n" else first


def test_what_passes_is_handed_over() -> None:
    steps: list[str] = []
    writer = _Writer()
    draft = generate(
        _ASK, writer=writer, judge=lambda files: _report("passed"), progress=lambda step, text: steps.append(step)
    )
    assert (draft.rounds, writer.repairs, steps) == (1, 0, ["write", "check"])
    assert {"main.tf", "versions.tf", "README.md", "LICENSE", "CHANGELOG.md", "examples/minimal/main.tf"} <= set(
        draft.files
    )
    assert b"## Unreleased" in draft.files["CHANGELOG.md"]


def test_one_repair_may_save_it() -> None:
    writer = _Writer(_mend)
    draft = generate(_ASK, writer=writer, judge=_judge(_report("refused", 2), _report("passed")))
    assert (draft.rounds, writer.repairs, draft.usage) == (2, 1, Usage("m", 2))
    assert draft.files["main.tf"] == b"# second\n"


def test_there_is_no_second_repair_and_the_better_candidate_is_kept() -> None:
    writer = _Writer(_mend)
    with pytest.raises(RefusedDraftError) as caught:
        generate(_ASK, writer=writer, judge=_judge(_report("refused", 1), _report("refused", 3)))
    assert writer.repairs == 1
    assert caught.value.proposal.files["main.tf"] == b"# first\n"
    assert caught.value.proposal.usage == Usage("m", 2)
    assert "`main.tf:1`: wrong 1" in caught.value.message


def test_a_writer_that_cannot_repair_leaves_the_first_report() -> None:
    def refuse(proposal: Proposal) -> Proposal:
        raise WriterRefusedError("no", Usage("m", 7))

    for repair in (None, refuse):
        with pytest.raises(RefusedDraftError) as caught:
            generate(_ASK, writer=_Writer(repair), judge=lambda files: _report("refused", 1))
        assert caught.value.report.errors[0].message == "wrong 1"
    assert caught.value.proposal.usage == Usage("m", 7)


def test_a_passing_trouble_of_the_repair_is_passed_on() -> None:
    def busy(proposal: Proposal) -> Proposal:
        raise Transient("busy", 3)

    with pytest.raises(Transient):
        generate(_ASK, writer=_Writer(busy), judge=lambda files: _report("refused", 1))


def test_what_nobody_could_judge_is_neither_repaired_nor_handed_over() -> None:
    writer = _Writer(_mend)
    with pytest.raises(RefusedDraftError, match="could not judge"):
        generate(_ASK, writer=writer, judge=lambda files: _report("undecided"))
    assert writer.repairs == 0


def test_the_formatter_runs_before_the_readme_quotes_the_example() -> None:
    def formatter(files: FileMap) -> FileMap:
        assert "README.md" not in files
        return {**files, "examples/minimal/main.tf": b"# formatted\n"}

    draft = generate(_ASK, writer=_Writer(), judge=lambda files: _report("passed"), formatter=formatter)
    assert b"# formatted" in draft.files["README.md"]


@pytest.mark.parametrize("prompt", ["", "   \n\t"])
def test_an_empty_prompt_gets_an_example(prompt: str) -> None:
    with pytest.raises(EmptyPromptError, match="/generate an S3 bucket"):
        generate(replace(_ASK, prompt=prompt), writer=_Writer(), judge=lambda files: _report("passed"))


def test_64_kb_of_text_are_refused_before_any_work() -> None:
    with pytest.raises(PromptTooLongError, match="65,536 characters"):
        generate(replace(_ASK, prompt="x" * 65536), writer=_Writer(), judge=lambda files: _report("passed"))
    assert MAX_PROMPT_CHARACTERS < 65536


def test_a_name_that_is_no_address_is_refused() -> None:
    class Odd(_Writer):
        def propose(self, ask: Ask) -> Proposal:
            return replace(_PROPOSAL, name="../x")

    with pytest.raises(InvalidAddressError):
        generate(_ASK, writer=Odd(), judge=lambda files: _report("passed"))


def test_better_means_passed_or_fewer_errors_without_a_loss() -> None:
    two = _report("refused", 2, fmt="passed", test="failed")
    assert is_better(_report("passed"), two)
    assert is_better(_report("refused", 1, fmt="passed", test="failed"), two)
    assert not is_better(_report("refused", 1, fmt="failed", test="passed"), two)
    assert not is_better(two, two)
    assert not is_better(_report("passed"), _report("passed"))
