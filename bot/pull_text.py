"""The words of a pull request, its commit and its release. Renders a draft's values; decides nothing.

No closing keyword ever: the issue is closed after publication, by us, not by GitHub at the merge.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bot.drafts import DraftView
from bot.markdown import MAX_BODY, cell, code, fenced, fit, folded, neutralise, one_line, plain, quote, shorten
from bot.requests import RequestView
from gate.report import Report
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface

_TIERS = {
    "provider": "with its real providers",
    "schema": "with the published schemas of its providers",
    "derived": "with schemas derived from public packages",
    "builtin": "with Terraform's built-in provider",
    "none": "without an engine",
}
_MAKERS = {"writer": "first draft", "fixers": "fixed rules", "model": "repair"}
_OUTCOMES = {"passed": "✅", "failed": "❌", "skipped": "➖", "undecided": "❔", "not-applicable": "➖"}


def title(draft: DraftView) -> str:
    """The pull request's title."""
    return plain(draft.title, 200) or f"Add the module {plain(draft.name)}"


def headline(draft: DraftView) -> str:
    """The first line of the commit."""
    return shorten(title(draft), 72)


def commit_body(request: RequestView, draft: DraftView) -> str:
    """The rest of the commit message: one paragraph of plain text, so that it cannot hold a trailer of its own."""
    return f"{plain(draft.summary, 1000)} (Asked for in {request.repository}, issue {request.issue_number}.)"


def body(request: RequestView, draft: DraftView) -> str:
    """The pull request's text: asked, assumed, interface, proof, and how to go on."""
    return fit(lambda limit: _body(request, draft, limit), room=MAX_BODY)


def release_notes(pull_title: str, number: int, author: str) -> str:
    """The text of a GitHub release that we make."""
    return f"- {one_line(pull_title, 250)} (#{int(number)}) by {code(author)}"


def proof(report: Report) -> str:
    """How it was judged, as a sentence and a table."""
    # Of the checks that count points, those are worth a line that lost some.
    told = [
        check
        for check in report.checks
        if check.outcome != "not-applicable" and (check.kind == "gate" or check.outcome != "passed")
    ]
    rows = [
        (f"{_OUTCOMES.get(check.outcome, '❔')} {check.outcome}", one_line(check.title), f"{check.seconds:.1f} s")
        for check in told
    ]
    score = "" if report.score is None else f"\n\nScore: **{report.score}** of 100."
    return f"{judge(report)}{score}\n\n{_table(('Result', 'Check', 'Time'), rows)}"


def mended(trajectory: Sequence[Mapping[str, Any]], limit: int = 300) -> str:
    """The candidates before this one, and what was wrong with them; nothing where the first one passed."""
    if len(trajectory) < 2:
        return ""
    rows = [
        (
            str(int(one["number"])),
            _MAKERS.get(one["by"], "?"),
            one_line(", ".join(one["failing"]), min(limit, 300)) or ("nothing" if one["accepted"] else "–"),
            "kept" if one["accepted"] else one_line(f"thrown away: {one['why']}", min(limit, 300)),
        )
        for one in trajectory[:12]
    ]
    return _table(("Round", "By", "Failed", "And then"), rows)


def judge(report: Report) -> str:
    """Who judged: a verdict is worth no more than that."""
    return (
        f"Profile **{report.profile}**, judged by {code(report.engine)} {_TIERS.get(report.tier, report.tier)} "
        f"(sandbox: {one_line(report.sandbox, 100)})."
    )


def _body(request: RequestView, draft: DraftView, limit: int) -> str:
    interface = Interface.from_facts(read_facts(draft.files))
    sections: list[tuple[str, str]] = [
        ("", neutralise(shorten(draft.summary, limit))),
        (
            "Asked",
            f"{code(request.author_login)} in {request.repository}#{request.issue_number}:\n\n"
            + quote(shorten(request.prompt, limit)),
        ),
        ("Assumed", _assumptions(draft.assumptions, limit)),
        ("Asked for, but not shown", _unshown(draft.report, limit)),
        ("Inputs", _inputs(interface, limit)),
        ("Outputs", _outputs(interface, limit)),
        ("Proved", proof(draft.report)),
        ("Mended", mended(draft.trajectory, limit)),
        ("Cost", cost(draft.usage)),
        ("What now", _what_now(draft)),
        ("", _suggested_workflow()),
    ]
    text = "\n\n".join(f"## {name}\n\n{content}" if name else content for name, content in sections if content)
    return f"{text}\n\n<!-- terrasmith:pull:{request.id} -->"


def cost(usage: Mapping[str, Any] | None) -> str:
    """What the module cost, beside what was set aside before; nothing to say where no model was asked."""
    if not usage or not usage.get("calls"):
        return ""
    calls, cached = int(usage["calls"]), int(usage.get("cache_read_tokens", 0))
    sums = [int(usage.get(key, 0)) / 1e6 for key in ("cost_micros", "reserved_micros")]
    return (
        f"**${sums[0]:.2f}** for {calls} {'call' if calls == 1 else 'calls'} of {code(str(usage['model']), 80)}; at "
        f"most ${sums[1]:.2f} had been set aside before. {int(usage['input_tokens']) + cached:,} tokens in, "
        f"{cached:,} of them from the cache, and {int(usage['output_tokens']):,} out."
    )


def _assumptions(assumptions: Sequence[str], limit: int) -> str:
    lines = [f"- {one_line(text, min(limit, 500))}" for text in assumptions[:30]]
    return "\n".join(lines) or "Nothing that the request did not say."


def _unshown(report: Report, limit: int) -> str:
    """The sentences of the request that the acceptance test does not confirm."""
    found = [finding for finding in report.findings if finding.rule == "intent"]
    lines = [f"- {one_line(finding.message, min(limit, 600))}" for finding in found[:20]]
    return "\n".join([*lines, "", "Mend the module; or the sentence, where that says it wrongly."]) if lines else ""


def _inputs(interface: Interface, limit: int) -> str:
    rows = [
        (
            cell(item.name, 80),
            one_line(item.description, min(limit, 300)),
            cell(item.type, min(limit, 120)),
            "required" if item.required else cell(item.default or "null", min(limit, 120)),
        )
        for item in sorted(interface.inputs, key=lambda item: (not item.required, item.name))
    ]
    return _foldable(_table(("Name", "Description", "Type", "Default"), rows), len(rows), "inputs") if rows else "None."


def _outputs(interface: Interface, limit: int) -> str:
    rows = [(cell(item.name, 80), one_line(item.description, min(limit, 300))) for item in interface.outputs]
    return _foldable(_table(("Name", "Description"), rows), len(rows), "outputs") if rows else "None."


def _what_now(draft: DraftView) -> str:
    written = draft.source.partition(":")
    by = (
        f"the template {code(written[2])}"
        if written[0] == "template"
        else f"the model {code(written[2] or draft.source)}"
    )
    return (
        "- **To change something**, push to this branch or use *Suggest changes*; every push is checked again.\n"
        "- **Merging** tags the merge commit and publishes the next version: `0.1.0` if it is the first, otherwise the "
        "next minor. The `module` block to copy then appears here.\n"
        "- **Closing** without a merge publishes nothing.\n\n"
        f"<sub>Written with {by}.</sub>"
    )


def _suggested_workflow() -> str:
    """Only shown: the app has no right to write workflows, and wants none (G24)."""
    return folded(
        "A workflow of your own",
        "Each push to this branch is judged by me, so none is needed. I write no workflows; this one you may add as "
        f"`.github/workflows/module.yml`:\n\n{fenced(workflow(), 'yaml')}",
    )


@cache
def workflow() -> str:
    """A workflow that formats, validates, tests and scans the module, with nothing but a token that reads."""
    return (Path(__file__).parent / "module_workflow.yml").read_text(encoding="utf-8")


def _foldable(table: str, rows: int, what: str) -> str:
    return folded(f"{rows} {what}", table) if rows > 20 else table


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
