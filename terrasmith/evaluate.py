"""`terrasmith eval`: put a set of wishes to a writer and tell what is right, so that a prompt is changed like code.

Every result is kept as it comes: a run that was broken off goes on where it stopped.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core import settings
from core.errors import UserError
from gate.formatting import formatter
from generator.evaluation import OWN_SET, Result, Task, read_set, run, shares, worse
from generator.evaluation_page import to_json, to_page
from generator.request import Usage
from generator.template_writer import TemplateWriter
from generator.writers import make_writer
from generator.writing import Writer
from terrasmith.check import engine_settings
from terrasmith.columns import show
from terrasmith.generate import house_judge
from tfmodule.files import printable

_KEPT = "results.jsonl"


def evaluate(
    tasks: Annotated[
        Path, typer.Argument(metavar="CSV", help="id, difficulty, prompt, intent, reference.", show_default="our own")
    ] = OWN_SET,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results.json and index.html go.")] = Path(
        "evaluation"
    ),
    *,
    keyless: Annotated[bool, typer.Option("--keyless", help="The templates, even where there is a key.")] = False,
    model: Annotated[str | None, typer.Option(help="Another model than the set one.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first tasks.", show_default=False)] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="JSON", help="An earlier results.json to compare with.", show_default=False)
    ] = None,
) -> None:
    """Measure what a writer makes of requests. Exit 0: told. 1: worse than `--against`. 2: nobody could tell."""
    try:
        before = _earlier(against)
        chosen = read_set(tasks)[:limit]
        writer, setting = _writer(keyless=keyless, model=model)
        setting["set"] = hashlib.sha256(repr(chosen).encode()).hexdigest()[:12]
        results = _run_all(chosen, writer, setting, out)
        (out / "results.json").write_text(to_json(setting, results), encoding="utf-8")
        (out / "index.html").write_text(to_page(setting, results), encoding="utf-8")
    except OSError as error:
        typer.echo(f"terrasmith: `{printable(str(out))}` cannot be written: {error.strerror}.", err=True)
        raise typer.Exit(2) from None
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(2) from None
    _tell(results, out)
    lost = worse(before, results)
    if lost:
        typer.echo(f"Right before, and not any more: {', '.join(map(printable, lost))}.", err=True)
    raise typer.Exit(1 if lost else 0)


def _writer(*, keyless: bool, model: str | None) -> tuple[Writer, dict[str, Any]]:
    configured = settings.load("check")
    key = configured.anthropic_api_key
    if keyless or key is None:
        if model is not None:
            raise UserError("`--model` needs TERRASMITH_ANTHROPIC_API_KEY, and cannot go with `--keyless`.")
        return TemplateWriter(), {"writer": "templates"}
    name = model or configured.anthropic_model
    return make_writer(key.get_secret_value(), configured.anthropic_base_url, name), {"writer": f"claude:{name}"}


def _run_all(tasks: Sequence[Task], writer: Writer, setting: dict[str, Any], out: Path) -> list[Result]:
    judge, form = house_judge(), formatter(engine_settings())
    out.mkdir(parents=True, exist_ok=True)
    kept = _kept(out / _KEPT, setting)
    results = []
    with (out / _KEPT).open("a", encoding="utf-8") as file:
        for number, task in enumerate(tasks, start=1):
            result = kept.get(task.id) or run(task, writer, judge, form)
            if task.id not in kept and result.made != "unreachable":  # which is no result: the next run asks again
                file.write(json.dumps(result.to_dict(), sort_keys=True) + "\n")
                file.flush()
            typer.echo(f"{number} of {len(tasks)}: {printable(task.id)}: {_state(result)}", err=True)
            results.append(result)
    return results


def _kept(path: Path, setting: dict[str, Any]) -> dict[str, Result]:
    """What an earlier run of the same writer and set has left here; otherwise the file is begun anew."""
    first = json.dumps(setting, sort_keys=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if lines[:1] != [first]:
        path.write_text(first + "\n", encoding="utf-8")
        return {}
    found = [_read(line) for line in lines[1:]]
    return {one.id: one for one in found if one is not None}


def _read(line: str) -> Result | None:
    """None for a line that was cut off when its run was."""
    try:
        values = json.loads(line)
        del values["right"]
        usage = values.pop("usage")
        values |= {name: tuple(values[name]) for name in ("lacks", "missing_types")}
        return Result(**values, usage=usage and Usage(**usage))
    except (ValueError, KeyError, TypeError):
        return None


def _state(result: Result) -> str:
    if result.right:
        return "right"
    return result.made if result.made != "made" else f"{result.verdict}, intent: {result.intent or 'not asked'}"


def _earlier(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["results"]
        return [{"id": str(one["id"]), "right": one["right"]} for one in found]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"`{printable(str(path))}` is no results.json of an earlier run: {error}.") from None


def _tell(results: Sequence[Result], out: Path) -> None:
    rows = [
        (one.name, str(one.tasks), str(one.made), f"{one.intent} of {one.intent_of}", str(one.right))
        for one in shares(results)
    ]
    show(("GROUP", "TASKS", "MADE", "INTENT HOLDS", "RIGHT"), rows)
    typer.echo(f"{printable(str(out / 'index.html'))} tells it task by task, results.json to programs.")
