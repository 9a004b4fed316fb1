"""What reports show of a framework's requirements: evidence for, evidence against, none, or no rule that speaks of it.

Only what really ran counts: a rule of a scanner that found nothing to be asked of is silent, and so is a check that did
not apply. One objection anywhere outweighs all that was kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from gate.compliance.framework import POLICY, Framework, Requirement
from gate.report import CheckResult, Finding, Report
from gate.scanning.concerns import is_known
from tfmodule.parts import is_beside

State = Literal["evidence-against", "evidence-for", "no-evidence", "unmapped"]
STATES: tuple[State, ...] = get_args(State)
Scope = Literal["folder", "module", "namespace"]


@dataclass(frozen=True)
class Subject:
    """One version of one module, and what the gate said of it; no report where none was kept."""

    address: str
    """`.` for a folder of this machine."""
    report: Report | None
    version: str = ""
    sha256: str = ""
    """Of the archive; empty for a folder."""
    published_at: str = ""
    """As the registry recorded it; a folder has no such moment."""

    @property
    def name(self) -> str:
        return f"{self.address} {self.version}".rstrip()

    @cached_property
    def tallies(self) -> Mapping[str, int]:
        """By rule of a scanner: how many resources keep it. A rule that one of them breaks is not here."""
        asked = self.report.asked if self.report is not None else ()
        return {one.rule: one.passed for one in asked if one.passed and not one.failed and not one.suppressed}

    @cached_property
    def checks(self) -> Mapping[str, CheckResult]:
        return {one.id: one for one in self.report.checks} if self.report is not None else {}

    @cached_property
    def objections(self) -> Mapping[str, tuple[Finding, ...]]:
        """By rule of a scanner, or policy: what it says against the module's own code, and what it makes of others'."""
        found: dict[str, list[Finding]] = {}
        for one in self.report.findings if self.report is not None else ():
            if one.rule.startswith(POLICY):
                found.setdefault(one.rule, []).append(one)
            elif is_known(one.rule) and not is_beside(one.path or ""):
                # What another scanner alone saw counts against the rule that says the same.
                for rule in sorted({one.rule, *one.same_as}):
                    found.setdefault(rule, []).append(one)
        for tally in self.report.asked if self.report is not None else ():
            # A tally that no finding explains is an objection all the same.
            if (tally.failed or tally.suppressed) and tally.rule not in found:
                message = f"{tally.failed + tally.suppressed} resources break the rule."
                found[tally.rule] = [Finding(tally.rule, "warning", message, source="checkov")]
        return {rule: tuple(findings) for rule, findings in found.items()}


@dataclass(frozen=True)
class Support:
    """A rule that was kept. `resources` is how many it was asked of; 0 for a check, which is of the whole module."""

    subject: Subject
    rule: str
    source: str
    resources: int = 0


@dataclass(frozen=True)
class Objection:
    """A rule that was broken, and where. `suppressed` is the reason that the code gives for not hearing it."""

    subject: Subject
    rule: str
    finding: Finding


@dataclass(frozen=True)
class Silence:
    """A rule that says nothing of any subject, and why not."""

    rule: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What is known of one requirement."""

    requirement: Requirement
    supports: tuple[Support, ...] = ()
    objections: tuple[Objection, ...] = ()
    silences: tuple[Silence, ...] = ()

    @property
    def state(self) -> State:
        if not self.requirement.asks:
            return "unmapped"
        if self.objections:
            return "evidence-against"
        return "evidence-for" if self.supports else "no-evidence"

    @property
    def modules(self) -> tuple[int, int]:
        """Of how many modules there is evidence for, with none against, and of how many there is evidence against."""
        against = {one.subject.name for one in self.objections}
        return len({one.subject.name for one in self.supports} - against), len(against)


@dataclass(frozen=True)
class Assessment:
    """All requirements of a framework, in its order, each once. `name` is that of the module, or of the namespace."""

    framework: Framework
    scope: Scope
    name: str
    subjects: tuple[Subject, ...]
    answers: tuple[Answer, ...]
    only: State | None = None
    """Show requirements in this state alone; the counts are of all."""

    @property
    def shown(self) -> tuple[Answer, ...]:
        return tuple(one for one in self.answers if self.only in (None, one.state))

    @property
    def counts(self) -> Mapping[State, int]:
        return {state: sum(one.state == state for one in self.answers) for state in STATES}


def assess(framework: Framework, scope: Scope, name: str, subjects: Sequence[Subject]) -> Assessment:
    """Weigh what the gate said of these modules. The same values give the same answer, whatever their order."""
    ordered = tuple(sorted(subjects, key=lambda one: (one.address, one.version)))
    answers = tuple(_answer(requirement, ordered) for requirement in framework.requirements)
    return Assessment(framework, scope, name, ordered, answers)


_SHOWS_NOTHING = "It was kept; but it also passes what it cannot read, so that shows nothing."


def _answer(requirement: Requirement, subjects: Sequence[Subject]) -> Answer:
    supports: list[Support] = []
    objections: list[Objection] = []
    silences: list[Silence] = []
    for rule in requirement.asks:
        said = [_said(rule, subject) for subject in subjects]
        if rule in requirement.against:
            said = [_SHOWS_NOTHING if isinstance(one, Support) else one for one in said]
        supports += [one for one in said if isinstance(one, Support)]
        objections += [one for found in said if isinstance(found, tuple) for one in found]
        quiet = {one for one in said if isinstance(one, str)}
        if all(isinstance(one, str) for one in said):
            silences.append(Silence(rule, tuple(sorted(quiet)) or ("There is no module to ask.",)))
    return Answer(
        requirement,
        tuple(sorted(supports, key=lambda one: (one.subject.name, one.rule))),
        tuple(sorted(objections, key=_order)),
        tuple(silences),
    )


def _order(one: Objection) -> tuple[object, ...]:
    finding = one.finding
    return (one.subject.name, finding.path or "", finding.line or 0, finding.end_line or 0, one.rule, finding.message)


def _said(rule: str, subject: Subject) -> Support | tuple[Objection, ...] | str:
    """What one rule says of one module; as text, why it says nothing."""
    if subject.report is None:
        return "No report was kept."
    if rule.startswith(POLICY):
        found = tuple(Objection(subject, rule, one) for one in subject.objections.get(rule, ()))
        return found or "A policy that says nothing may have had nothing to look at."
    return _of_scanner(rule, subject) if is_known(rule) else _of_check(rule, subject)


def _of_scanner(rule: str, subject: Subject) -> Support | tuple[Objection, ...] | str:
    if rule in subject.objections:
        return tuple(Objection(subject, rule, one) for one in subject.objections[rule])
    if rule in subject.tallies:
        return Support(subject, rule, "checkov", subject.tallies[rule])
    if subject.report is None or not subject.report.scanners:
        return (
            "Nobody scanned all of it, or the report is of an earlier release, which kept no record of what was asked."
        )
    return "It has no resource that the rule is about, or what it sets cannot be told."


def _of_check(rule: str, subject: Subject) -> Support | tuple[Objection, ...] | str:
    check = subject.checks.get(rule)
    if check is None:
        return f"The {subject.report.profile if subject.report else ''} profile does not ask for it."
    if check.outcome == "passed":
        return Support(subject, rule, "terrasmith")
    if check.outcome == "failed":
        return tuple(Objection(subject, rule, one) for one in _against(check, subject))
    return check.note or f"The check ended as {check.outcome}."


def _against(check: CheckResult, subject: Subject) -> Iterator[Finding]:
    """What failed a check: errors fail a gate, warnings cost points. The scanners' share may fail it without any."""
    found = False
    for one in subject.report.findings if subject.report is not None else ():
        named = one.check == check.id if one.check else one.rule == check.id
        if named and (one.severity == "error" or (check.kind == "points" and one.severity == "warning")):
            found = True
            yield one
    if not found:
        yield Finding(check.id, "warning", check.note or f"The check failed: {check.title}.")
