"""An assessment as JSON, CSV and Markdown: the same values give the same bytes.

Nothing that a module says becomes markup, or a formula.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args

from gate.compliance.evidence import Answer, Assessment, Objection, State, Subject, Support
from gate.compliance.values import STATEMENT, values
from gate.reports import markdown

Format = Literal["json", "csv", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
}
WORDS: Mapping[State, str] = {
    "evidence-for": "evidence for",
    "evidence-against": "evidence against",
    "no-evidence": "no evidence",
    "unmapped": "unmapped",
}
COLUMNS = (
    "framework", "framework_version", "licence", "mapping", "requirement", "words", "kind", "state", "module",
    "version", "evidence", "rule", "source", "resources", "path", "line", "message", "suppressed", "report_digest",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula, also after blanks, also in the width of Chinese type.
_FORMULA = ("=", "+", "-", "@")
_NAMED = 10
"""Silent rules that Markdown names; JSON names all."""


def written(assessment: Assessment, form: Format) -> str:
    """The assessment in a form."""
    return _WRITERS[form](assessment)


def to_json(assessment: Assessment) -> str:
    """Everything."""
    return json.dumps(values(assessment), indent=2, ensure_ascii=False) + "\n"


def to_csv(assessment: Assessment) -> str:
    """A row for each piece of evidence, or one for a requirement that has none; every cell is text, quoted."""
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    framework = assessment.framework
    begins = (framework.id, framework.version, framework.licence, framework.digest)
    for answer in assessment.shown:
        asked = answer.requirement
        for row in _rows(answer):
            said = (*begins, asked.id, asked.words, asked.kind, WORDS[answer.state], *row)
            rows.writerow([_cell(one) for one in said])
    return text.getvalue()


def plain(text: str) -> str:
    """Text in Markdown, without anything that could move a terminal's cursor."""
    return markdown.plain(_visible(text))


def _visible(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)


_NOTHING = ("",) * 11


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    for one in answer.supports:
        yield (
            *_of(one.subject),
            "for",
            one.rule,
            one.source,
            one.resources or "",
            "",
            "",
            "",
            "",
            _digest(one.subject),
        )
    for one_against in answer.objections:
        found = one_against.finding
        where = (found.path or "", found.line or "", found.message, found.suppressed)
        yield (
            *_of(one_against.subject),
            "against",
            one_against.rule,
            found.source,
            "",
            *where,
            _digest(one_against.subject),
        )
    if not answer.supports and not answer.objections:
        yield _NOTHING


def _of(subject: Subject) -> tuple[str, str]:
    return subject.address, subject.version


def _digest(subject: Subject) -> str:
    return subject.report.digest if subject.report is not None else ""


def _cell(value: object) -> str:
    """Text that no spreadsheet computes with: a quote before what could begin a formula, and no control characters."""
    text = " ".join(_visible(str(value)).split())
    return f"'{text}" if unicodedata.normalize("NFKC", text).startswith(_FORMULA) else text


def to_markdown(assessment: Assessment) -> str:
    """For people: a summary, then every requirement by its state, with the evidence under those that have some."""
    framework = assessment.framework
    title = f"# Evidence for {plain(framework.title)} {plain(framework.version)}"
    parts = [title, f"{plain(_named(assessment))}\n\n{plain(STATEMENT)}", _summary(assessment), _modules(assessment)]
    for state, words in WORDS.items():
        answers = [one for one in assessment.shown if one.state == state]
        if answers:
            parts.append(f"## {words.capitalize()}")
            parts += [_list(answers)] if state in ("no-evidence", "unmapped") else [_section(one) for one in answers]
    origin = f"Mapping {framework.digest}, {plain(framework.licence)}. {plain(framework.attribution)}"
    return "\n\n".join([*parts, "## The data", origin]) + "\n"


def _named(assessment: Assessment) -> str:
    if assessment.scope == "folder":
        return "Of a folder, as it was judged now."
    if assessment.scope == "module":
        return f"Of {assessment.name}, by the report it was published with."
    return f"Of the newest listed version of each module in {assessment.name}, by the report it was published with."


def _summary(assessment: Assessment) -> str:
    rows = [f"| {words} | {assessment.counts[state]} |" for state, words in WORDS.items()]
    return "\n".join(["| State | Requirements |", "| --- | --- |", *rows])


def _modules(assessment: Assessment) -> str:
    if not assessment.subjects:
        return "There is no module to look at."
    rows = [_module(one) for one in assessment.subjects]
    return "\n".join(["| Module | Published | Judged by | Report |", "| --- | --- | --- | --- |", *rows])


def _module(subject: Subject) -> str:
    said = subject.report
    if said is None:
        return f"| {plain(subject.name)} | {plain(subject.published_at)} | no report was kept | |"
    scanners = ", ".join(said.scanners) or "no record of a scan"
    judged = f"{said.profile} profile, tier {said.tier}, sandbox {said.sandbox}, {said.engine}, {scanners}"
    gate = f", gate {said.gate_version}" if said.gate_version else ""
    return f"| {plain(subject.name)} | {plain(subject.published_at)} | {plain(judged + gate)} | {said.digest} |"


def _list(answers: list[Answer]) -> str:
    rows = [f"| {plain(one.requirement.id)} | {plain(one.requirement.words)} | {_why(one)} |" for one in answers]
    return "\n".join(["| Requirement | In our words | |", "| --- | --- | --- |", *rows])


def _why(answer: Answer) -> str:
    if answer.requirement.kind == "not-in-code":
        return "cannot be seen in code"
    if not answer.requirement.asks:
        return "no rule of ours speaks of it"
    reasons = sorted({why for one in answer.silences for why in one.why})
    return f"silent: {_silent(answer)}. {plain(' '.join(reasons))}"


def _silent(answer: Answer) -> str:
    names = [plain(one.rule) for one in answer.silences]
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} rules"


def _section(answer: Answer) -> str:
    lines = [f"### {plain(answer.requirement.id)}: {plain(answer.requirement.words)}", ""]
    lines += [_against(one) for one in answer.objections] + [_for(one) for one in answer.supports]
    return "\n".join([*lines, *([f"- silent: {_silent(answer)}"] if answer.silences else [])])


def _against(one: Objection) -> str:
    finding = one.finding
    place = f" {plain(finding.place)}:" if finding.place else ""
    reason = f" Suppressed: {plain(finding.suppressed)}" if finding.suppressed else ""
    return f"- **against**, {plain(one.subject.name)}, {plain(one.rule)}:{place} {plain(finding.message)}{reason}"


def _for(one: Support) -> str:
    much = "1 resource" if one.resources == 1 else f"{one.resources} resources"
    return f"- for, {plain(one.subject.name)}, {plain(one.rule)}{f': kept by {much}' if one.resources else ': passed'}"


_WRITERS: Mapping[Format, Callable[[Assessment], str]] = {"json": to_json, "csv": to_csv, "markdown": to_markdown}
