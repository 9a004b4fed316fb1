"""Propose, judge, mend: the loop with a writer and a judge of the test's own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from core.errors import Transient
from gate.report import CheckResult, Finding, Outcome, Report, Verdict
from generator.loop import generate
from generator.repairing import churn, worse
from generator.request import (
    MAX_PROMPT_CHARACTERS,
    Ask,
    EmptyPromptError,
    PromptTooLongError,
    Proposal,
    RefusedDraftError,
    UnfitRepairError,
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
        self.told: tuple[str, ...] = ()
        self._repair = repair or (lambda proposal: None)

    def propose(self, ask: Ask) -> Proposal:
        return _PROPOSAL

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        self.repairs += 1
        self.told = tuple(told)
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


def test_three_rounds_and_the_best_candidate_is_kept() -> None:
    writer = _Writer(_mend)
    with pytest.raises(RefusedDraftError) as caught:
        generate(_ASK, writer=writer, judge=_counting(1, 3, 4, 5, 6))
    assert writer.repairs == 3
    assert caught.value.proposal.files["main.tf"] == b"# first\n"
    assert caught.value.proposal.usage == Usage("m", 2)
    assert "`main.tf:1`: wrong 1" in caught.value.message
    assert [one.accepted for one in caught.value.trajectory] == [True, False, False, False]
    assert writer.told[0] == "There were 1 findings and now there are 3."


def test_each_round_goes_on_from_the_better_one() -> None:
    writer = _Writer(_mend)
    draft = generate(_ASK, writer=writer, judge=_counting(3, 2, 1, 0))
    assert (writer.repairs, draft.rounds) == (3, 4)
    assert [one.errors for one in draft.trajectory] == [3, 2, 1, 0]


def test_who_goes_in_circles_is_not_asked_again() -> None:
    writer = _Writer(_mend)
    with pytest.raises(RefusedDraftError) as caught:
        generate(_ASK, writer=writer, judge=_counting(2, 2, 0))
    assert writer.repairs == 1
    assert "mended nothing" in caught.value.trajectory[-1].why


def test_what_breaks_a_passed_check_is_thrown_away_and_told() -> None:
    reports = iter(
        (
            _report("refused", 2, scan="passed"),
            _report("refused", 1, scan="failed"),
            _report("passed", 0, scan="passed"),
        )
    )
    writer = _Writer(_mend)
    draft = generate(_ASK, writer=writer, judge=lambda files: next(reports))
    assert draft.report.passed
    assert writer.told == ("It broke what had passed: scan.",)
    assert [(one.failing, one.accepted) for one in draft.trajectory] == [
        (("rule",), True),
        (("scan",), False),
        ((), True),
    ]


def test_what_passes_and_lost_something_is_taken_only_where_nothing_better_comes() -> None:
    reports = iter(
        (
            _report("refused", 1, docs="passed"),
            _report("passed", 0, docs="failed"),
            _report("refused", 2, docs="passed"),
            _report("refused", 3, docs="passed"),
        )
    )
    draft = generate(_ASK, writer=_Writer(_mend), judge=lambda files: next(reports))
    assert draft.report.passed
    assert draft.files["main.tf"] == b"# second\n"


def test_an_answer_that_does_not_fit_is_told_and_costs_a_round() -> None:
    answers = iter((UnfitRepairError("Edit 1 stands there 0 times.", Usage("m", 1)), None))

    def repair(proposal: Proposal) -> Proposal:
        if error := next(answers):
            raise error
        return _mend(proposal)

    writer = _Writer(repair)
    draft = generate(_ASK, writer=writer, judge=_judge(_report("refused", 1), _report("passed")))
    assert writer.told == ("Edit 1 stands there 0 times.",)
    assert [one.by for one in draft.trajectory] == ["writer", "model", "model"]
    assert draft.rounds == 2


def test_who_rewrites_everything_is_not_followed() -> None:
    long = b"".join(b"locals { a%d = 1 }\n" % number for number in range(60))
    first = replace(_PROPOSAL, files={"main.tf": long})

    class Rewriting(_Writer):
        def propose(self, ask: Ask) -> Proposal:
            return first

    writer = Rewriting(lambda proposal: replace(proposal, files={**proposal.files, "main.tf": b"# all new\n"}))
    with pytest.raises(RefusedDraftError) as caught:
        generate(_ASK, writer=writer, judge=lambda files: _report("refused", 1))
    assert caught.value.proposal.files["main.tf"] == long
    assert "of the lines" in writer.told[0]
    assert caught.value.trajectory[1].churn > 0.4


def test_what_has_one_right_form_needs_no_model() -> None:
    said = 'Unsupported argument: An argument named "inptu" is not expected here. Did you mean "input"?'
    spoilt = b'resource "terraform_data" "this" {\n  inptu = 1\n}\n'

    def judge(files: FileMap) -> Report:
        wrong = Finding("validate", "error", said, "main.tf", 2, check="validate")
        return replace(_report("refused"), findings=(wrong,)) if b"inptu" in files["main.tf"] else _report("passed")

    class Slipping(_Writer):
        def propose(self, ask: Ask) -> Proposal:
            return replace(_PROPOSAL, files={"main.tf": spoilt})

    writer = Slipping()
    draft = generate(_ASK, writer=writer, judge=judge)
    assert b"  input = 1\n" in draft.files["main.tf"]
    assert writer.repairs == 0
    assert [one.by for one in draft.trajectory] == ["writer", "fixers"]


def _counting(*errors: int) -> Callable[[FileMap], Report]:
    reports = iter([_report("refused" if number else "passed", number) for number in errors])
    return lambda files: next(reports)


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
    assert not worse(_report("passed"), two)
    assert not worse(_report("refused", 1, fmt="passed", test="failed"), two)
    assert "It broke what had passed: fmt" in worse(_report("refused", 1, fmt="failed", test="passed"), two)
    assert "mended nothing" in worse(two, two)
    assert "now there are 3" in worse(_report("refused", 3, fmt="passed"), two)


def test_churn_counts_lines_of_code_that_are_gone() -> None:
    before = {"main.tf": b"".join(b"a%d\n" % number for number in range(100)), "README.md": b"x\n" * 100}
    assert churn(before, before | {"README.md": b"", "new.tf": b"y\n" * 500}) == 0
    assert churn(before, before | {"main.tf": b"".join(b"a%d\n" % number for number in range(50))}) == 0.5
    assert churn({"main.tf": b"a\nb\n"}, {"main.tf": b"c\n"}) == 0
