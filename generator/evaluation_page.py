"""An evaluation as JSON and as one HTML page that needs nothing else. Escapes all that it shows."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from generator.evaluation import Result, Share, shares

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #8886;padding:.25rem .6rem;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}"
)
_HEADINGS = (
    "group",
    "tasks",
    "made",
    "validates",
    "plans on mocks",
    "intent",
    "scan",
    "right",
    "score",
    "calls",
    "tokens",
)


def to_json(setting: dict[str, Any], results: Sequence[Result]) -> str:
    """`setting`, `shares` and `results`; the same text for the same results, except for the seconds."""
    values = {
        "setting": setting,
        "shares": [asdict(one) for one in shares(results)],
        "results": [one.to_dict() for one in results],
    }
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def to_page(setting: dict[str, Any], results: Sequence[Result]) -> str:
    """The same for people."""
    told = ", ".join(f"{escape(name)}: {escape(str(value))}" for name, value in sorted(setting.items()))
    groups = _table(_HEADINGS, [_group(one) for one in shares(results)])
    tasks = _table(
        ("task", "difficulty", "outcome", "rounds", "score", "intent", "why not"), [_task(one) for one in results]
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{_STYLE}</style><h1>Evaluation</h1><p>{told}</p>{groups}<h2>Tasks</h2>{tasks}</html>\n"
    )


def _group(one: Share) -> tuple[str, ...]:
    score = "–" if one.median_score is None else f"{one.median_score:g}"
    return (
        one.name,
        str(one.tasks),
        *(_of(number, one.tasks) for number in (one.made, one.validated, one.planned)),
        _of(one.intent, one.intent_of),
        _of(one.scanned, one.scanned_of),
        _of(one.right, one.tasks),
        score,
        str(one.calls),
        f"{one.input_tokens + one.output_tokens:,}",
    )


def _of(number: int, all_: int) -> str:
    return f"{number} ({number / all_:.0%})" if all_ else "–"


def _task(one: Result) -> tuple[str, ...]:
    why = one.why or "; ".join(one.lacks)
    outcome = "right" if one.right else one.made if one.made != "made" else one.verdict
    score = "–" if one.score is None else str(one.score)
    return (one.id, str(one.difficulty), outcome, str(one.rounds or "–"), score, one.intent or "–", why)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}" for one in headings)
    body = "".join("<tr>" + "".join(_cell(one) for one in row) for row in rows)
    return f"<table><thead><tr>{head}</thead><tbody>{body}</tbody></table>"


def _cell(text: str) -> str:
    return f"<td{' class=n' if text[:1].isdigit() else ''}>{escape(text)}"
