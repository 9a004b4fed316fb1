"""Wishes with what is to come of them, put to any writer and judged: what of it is right, by difficulty and by round.

A set is a CSV with the columns id, difficulty, prompt, intent, reference. `intent` names a Rego file whose rule
`data.intent.deny` says what the module lacks, over the input of docs/POLICIES.md; `reference` a module's folder.
"""

import csv
import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal

from core.errors import Transient, UserError
from gate.policies.document import document, written
from gate.policies.organisation import LAPTOP
from gate.policies.rego import Question, ask_once
from gate.report import Report
from generator.loop import Formatter, generate
from generator.repairing import Judge
from generator.request import Ask, NothingFitsError, RefusedDraftError, Usage, WriterRefusedError
from generator.writing import Writer
from tfmodule.files import FileMap, printable
from tfmodule.hcl import read_facts

OWN_SET = Path(__file__).parent / "evaluation_set" / "tasks.csv"
_COLUMNS = ("id", "difficulty", "prompt", "intent", "reference")
_MOST_TASKS = 10_000

Made = Literal["made", "refused-by-gate", "refused-by-writer", "nothing-fits", "unreachable"]
Holds = Literal["yes", "no", "undecided", ""]


@dataclass(frozen=True)
class Task:
    """One wish. `intent` is Rego text, `types` are the resource types of the reference; both may be empty."""

    id: str
    difficulty: int
    prompt: str
    intent: str = ""
    types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """What came of a task. `seconds` is the whole task's wall time, the model's included."""

    id: str
    difficulty: int
    made: Made
    why: str = ""
    rounds: int = 0
    verdict: str = ""
    tier: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)
    """Outcome by check: validate, test (the plan on mocks), scan."""
    score: int | None = None
    intent: Holds = ""
    lacks: tuple[str, ...] = ()
    """What the intent found missing."""
    missing_types: tuple[str, ...] = ()
    """Resource types of the reference that the answer has not: a hint, not a fault."""
    usage: Usage | None = None
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """It passed the gate, and nothing of the intent is missing."""
        return self.verdict == "passed" and self.intent in ("", "yes")

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "right": self.right}


@dataclass(frozen=True)
class Share:
    """Figures of a group of tasks; each `_of` beside it says of how many."""

    name: str
    tasks: int
    made: int
    validated: int
    planned: int
    intent: int
    intent_of: int
    scanned: int
    scanned_of: int
    right: int
    median_score: float | None
    calls: int
    input_tokens: int
    output_tokens: int


def read_set(path: Path) -> tuple[Task, ...]:
    """The tasks of a CSV, with the files that it names read. Raises UserError with the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"`{printable(str(path))}` cannot be read: {error}.") from None
    rows = csv.DictReader(io.StringIO(text))
    lacking = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        raise UserError(f"`{printable(str(path))}` lacks the columns {', '.join(lacking)} in its first line.")
    tasks: dict[str, Task] = {}
    for row in rows:
        task = _task(path, rows.line_num, row)
        if task.id in tasks:
            raise UserError(f"`{printable(str(path))}`, line {rows.line_num}: the id {task.id} stands twice.")
        tasks[task.id] = task
    if not 0 < len(tasks) <= _MOST_TASKS:
        raise UserError(f"`{printable(str(path))}` holds {len(tasks)} tasks; it must hold 1 to {_MOST_TASKS}.")
    return tuple(tasks.values())


def _task(path: Path, line: int, row: Mapping[str, str | None]) -> Task:
    values = {name: (row[name] or "").strip() for name in _COLUMNS}
    place = f"`{printable(str(path))}`, line {line}"
    if not values["id"] or not values["prompt"] or not values["difficulty"].isdigit():
        raise UserError(f"{place}: id, prompt and difficulty (a number) must be there.")
    try:
        intent = (path.parent / values["intent"]).read_text(encoding="utf-8") if values["intent"] else ""
        files = _tf_files(path.parent / values["reference"]) if values["reference"] else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{place}: a file that it names cannot be read: {error}.") from None
    return Task(values["id"], int(values["difficulty"]), values["prompt"], intent, _types(files))


def _tf_files(folder: Path) -> FileMap:
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    return {one.name: one.read_bytes() for one in sorted(folder.glob("*.tf"))}


def _types(files: FileMap) -> frozenset[str]:
    return frozenset(one.type for one in read_facts(files).resources)


def run(task: Task, writer: Writer, judge: Judge, formatter: Formatter | None = None) -> Result:
    """Put one wish to the writer and judge what comes. A wish that fails is a result, not an error."""
    began = time.monotonic()
    ask = Ask(task.prompt, None, None, "example")
    try:
        draft = generate(ask, writer=writer, judge=judge, formatter=formatter)
        result = _judged(task, draft.files, draft.report, draft.rounds, draft.usage)
    except RefusedDraftError as error:
        judged = _judged(task, error.proposal.files, error.report, 0, error.proposal.usage)
        result = replace(judged, made="refused-by-gate", why=error.message)
    except NothingFitsError:
        result = Result(task.id, task.difficulty, "nothing-fits")
    except WriterRefusedError as error:
        result = Result(task.id, task.difficulty, "refused-by-writer", error.message, usage=error.usage)
    except Transient as error:
        result = Result(task.id, task.difficulty, "unreachable", error.message)
    return replace(result, seconds=round(time.monotonic() - began, 3))


def _judged(task: Task, files: FileMap, report: Report, rounds: int, usage: Usage | None) -> Result:
    holds, lacks = _intent(task, files, report)
    return Result(
        task.id,
        task.difficulty,
        "made",
        rounds=rounds,
        verdict=report.verdict,
        tier=report.tier,
        checks={one.id: one.outcome for one in report.checks if one.id in ("validate", "test", "scan")},
        score=report.score,
        intent=holds,
        lacks=lacks,
        missing_types=tuple(sorted(task.types - _types(files))),
        usage=usage,
    )


def _intent(task: Task, files: FileMap, report: Report) -> tuple[Holds, tuple[str, ...]]:
    if not task.intent:
        return "", ()
    question = Question(written(document(report, files, LAPTOP)), ("data.intent.deny",))
    problems, answers = ask_once({"intent.rego": task.intent}, {}, [question])
    if problems:
        return "undecided", tuple(one.message for one in problems)
    (answer,) = answers[0]
    if answer.error or answer.undefined or not isinstance(answer.value, list):
        return "undecided", (answer.error or "`data.intent.deny` is no set",)
    lacks = tuple(sorted(str(one) for one in answer.value))
    return ("no" if lacks else "yes"), lacks


def shares(results: Sequence[Result]) -> tuple[Share, ...]:
    """Of all, of each difficulty, and of what took each number of rounds."""
    levels = sorted({one.difficulty for one in results})
    rounds = sorted({one.rounds for one in results if one.rounds})
    groups = [
        ("all", list(results)),
        *((f"difficulty {level}", [one for one in results if one.difficulty == level]) for level in levels),
        *((f"rounds: {number}", [one for one in results if one.rounds == number]) for number in rounds),
    ]
    return tuple(_share(name, group) for name, group in groups)


def _share(name: str, group: Sequence[Result]) -> Share:
    def count(test: Callable[[Result], bool]) -> int:
        return sum(map(test, group))

    scores = [one.score for one in group if one.score is not None]
    spent = [one.usage for one in group if one.usage is not None]
    return Share(
        name,
        tasks=len(group),
        made=count(lambda one: one.made == "made"),
        validated=count(lambda one: one.checks.get("validate") == "passed"),
        planned=count(lambda one: one.checks.get("test") == "passed"),
        intent=count(lambda one: one.intent == "yes"),
        intent_of=count(lambda one: one.intent != ""),
        scanned=count(lambda one: one.checks.get("scan") == "passed"),
        scanned_of=count(lambda one: one.checks.get("scan") in ("passed", "failed")),
        right=count(lambda one: one.right),
        median_score=float(median(scores)) if scores else None,
        calls=sum(one.calls for one in spent),
        input_tokens=sum(one.input_tokens for one in spent),
        output_tokens=sum(one.output_tokens for one in spent),
    )


def worse(before: Iterable[Mapping[str, Any]], now: Iterable[Result]) -> tuple[str, ...]:
    """The ids of tasks that were right in an earlier run's JSON, were run again, and are not right now."""
    was = {str(one["id"]) for one in before if one.get("right") is True}
    return tuple(one.id for one in now if one.id in was and not one.right)
