"""Mends a candidate that the gate refused: fixers first, then at most three rounds of the writer, never for the worse.

The best candidate so far is kept. A round that loses a passed check, changes too much, or takes away what it should
mend is thrown away, and the next one is told so. Knows no writer and no engine: both are passed in.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gate.fixes import fixed
from gate.proof.values import Proof
from gate.report import Report
from generator.deception import deceptions, is_about_security, vanished
from generator.request import Ask, Proposal, UnfitRepairError, Usage, WriterRefusedError
from generator.trajectory import Maker, Round, Trajectory, failing
from generator.writing import Writer
from tfmodule.files import FileMap

MAX_ROUNDS = 3
"""Published measurements: beyond the third round a loop breaks more than it mends."""
MAX_CHURN = 0.4
_FEW_LINES = 20
_CODE = (".tf", ".tftest.hcl", ".tftpl")
_NUMBERS = re.compile(r"\d+")

Judge = Callable[[FileMap], Report]
Progress = Callable[[str, str], None]
Compare = Callable[[FileMap, FileMap], Proof]
"""Plans one candidate on the state of another."""
Complete = Callable[[Proposal], Proposal]
"""Brings a proposal into the form in which it is judged."""


@dataclass(frozen=True)
class Candidate:
    """A proposal and what the gate says of it."""

    proposal: Proposal
    report: Report


@dataclass
class Repair:
    """One candidate on its way to passing. `run` gives the best that was reached."""

    ask: Ask
    writer: Writer
    judge: Judge
    complete: Complete
    progress: Progress
    compare: Compare | None = None
    """None where no plans can be had: then the code alone tells what a repair took away."""
    rounds: list[Round] = field(default_factory=list)
    _told: list[str] = field(default_factory=list)
    _seen: set["Diagnostics"] = field(default_factory=set)
    _spare: Candidate | None = None
    """It passes, and lost a check on the way: better than nothing, if nothing better comes."""

    def run(self, proposal: Proposal) -> Candidate:
        """Judge it, and mend it as far as it can be. The rounds tell what was tried."""
        best = self._candidate(proposal)
        self._note("writer", best, output_tokens=_output(proposal.usage))
        best = self._by_fixers(best)
        for number in range(1, MAX_ROUNDS + 1):
            if best.report.verdict != "refused":
                break
            self._seen.add(diagnostics(best.report))
            self.progress("repair", f"Mending {_count(best.report)}, round {number} of at most {MAX_ROUNDS}")
            best, go_on = self._round(best)
            if not go_on:
                break
        if best.report.verdict == "refused" and self._spare is not None:
            return replace(self._spare, proposal=replace(self._spare.proposal, usage=best.proposal.usage))
        return best

    @property
    def trajectory(self) -> Trajectory:
        return tuple(self.rounds)

    def _round(self, best: Candidate) -> tuple[Candidate, bool]:
        """The better of what was and what the writer makes of it, and whether it is worth asking again."""
        before = _output(best.proposal.usage)
        try:
            answer = self.writer.repair(self.ask, best.proposal, best.report, tuple(self._told))
        except WriterRefusedError as error:
            # The candidate's own report tells more than a failed repair would.
            usage = error.usage or best.proposal.usage
            self._refuse(error.message, _output(usage) - before)
            return _with_usage(best, usage), isinstance(error, UnfitRepairError)
        if answer is None:
            return best, False
        tokens = _output(answer.usage) - before
        best = _with_usage(best, answer.usage)
        changed = churn(best.proposal.files, answer.files)
        if changed > MAX_CHURN:
            self._refuse(f"It changed {changed:.0%} of the lines; mend only what failed.", tokens, changed)
            return best, True
        if tricks := deceptions(best.proposal.files, answer.files, best.report):
            self._refuse(" ".join(tricks), tokens, changed)
            return best, True
        return self._weighed(best, answer, tokens, changed)

    def _weighed(self, best: Candidate, answer: Proposal, tokens: int, changed: float) -> tuple[Candidate, bool]:
        new = self._candidate(answer)
        why = worse(new.report, best.report)
        repeated = not new.report.passed and diagnostics(new.report) in self._seen
        self._seen.add(diagnostics(new.report))
        # What passes and is thrown away may still be what is handed over in the end.
        trick = self._trick(best, new) if new.report.passed or not why else ""
        self._note("model", new, churn=changed, output_tokens=tokens, why=trick or why)
        if trick:
            self._told.append(trick)
            return best, not repeated
        if why:
            self._told.append(why)
            if new.report.passed:
                self._spare = new
            return best, not repeated
        return self._by_fixers(new), not repeated

    def _trick(self, best: Candidate, new: Candidate) -> str:
        if self.compare is None or not is_about_security(best.report):
            return ""
        self.progress("check", "Comparing what is planned before and after the repair")
        before, after = best.proposal.files, new.proposal.files
        return " ".join(vanished(before, after, self.compare(before, after)))

    def _by_fixers(self, candidate: Candidate) -> Candidate:
        """What has one right form needs no model."""
        if candidate.report.verdict != "refused":
            return candidate
        files = fixed(candidate.proposal.files, candidate.report.findings)
        if files == candidate.proposal.files:
            return candidate
        new = self._candidate(replace(candidate.proposal, files=files))
        why = worse(new.report, candidate.report)
        self._note("fixers", new, churn=churn(candidate.proposal.files, new.proposal.files), why=why)
        return candidate if why else new

    def _candidate(self, proposal: Proposal) -> Candidate:
        proposal = self.complete(proposal)
        again = ", again" if self.rounds else f" of {proposal.title}"
        self.progress("check", f"Checking {len(proposal.files)} files{again}")
        return Candidate(proposal, self.judge(proposal.files))

    def _note(self, by: Maker, new: Candidate, *, churn: float = 0.0, output_tokens: int = 0, why: str = "") -> None:
        report = new.report
        self.rounds.append(
            Round(
                len(self.rounds) + 1,
                by,
                failing(report) if not report.passed else (),
                len(report.errors),
                round(churn, 3),
                output_tokens,
                accepted=not why,
                why=why,
            )
        )

    def _refuse(self, why: str, tokens: int, churn: float = 0.0) -> None:
        self._told.append(why)
        self.rounds.append(
            Round(len(self.rounds) + 1, "model", (), 0, round(churn, 3), tokens, accepted=False, why=why)
        )


def worse(new: Report, old: Report) -> str:
    """Why a repair may not take the place of what it repaired; empty where it may."""
    lost = sorted(_passed(old) & _failed(new))
    if lost:
        messages = [finding.message for finding in new.errors if finding.check in lost or finding.rule in lost]
        return f"It broke what had passed: {', '.join(lost)}. {' '.join(messages[:3])}".strip()
    if new.passed or new.verdict == "undecided":
        return ""
    if len(new.errors) >= len(old.errors) and not _passed(new) - _passed(old):
        return (
            f"It mended nothing: {_count(new)} before and after."
            if len(new.errors) == len(old.errors)
            else (f"There were {len(old.errors)} findings and now there are {len(new.errors)}.")
        )
    return ""


def churn(before: FileMap, after: FileMap) -> float:
    """The share of the lines of code before that are gone; a handful of lines is never much."""
    lines, left = (
        Counter((path, line) for path, data in files.items() if path.endswith(_CODE) for line in data.splitlines())
        for files in (before, after)
    )
    gone = (lines - left).total()
    return gone / lines.total() if gone > _FEW_LINES else 0.0


Diagnostics = frozenset[tuple[str, int]]


def diagnostics(report: Report) -> Diagnostics:
    """What is wrong and how often, whatever the lines: the same twice means that asking goes in circles."""
    told = Counter(_NUMBERS.sub("0", f"{one.rule} {one.path} {one.message}") for one in report.errors)
    return frozenset(told.items())


def _with_usage(candidate: Candidate, usage: Usage | None) -> Candidate:
    return replace(candidate, proposal=replace(candidate.proposal, usage=usage))


def _passed(report: Report) -> frozenset[str]:
    return frozenset(check.id for check in report.checks if check.outcome == "passed")


def _failed(report: Report) -> frozenset[str]:
    """What was not reached is not lost: an earlier check stands in its way."""
    return frozenset(check.id for check in report.checks if check.outcome == "failed")


def _output(usage: Usage | None) -> int:
    return usage.output_tokens if usage is not None else 0


def _count(report: Report) -> str:
    errors = len(report.errors)
    return "1 finding" if errors == 1 else f"{errors} findings"
