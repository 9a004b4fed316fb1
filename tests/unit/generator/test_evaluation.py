"""Sets of wishes: read or refused with the line; results summed up; a page that escapes what it shows."""

from pathlib import Path

import pytest

from core.errors import Transient, UserError
from gate.report import CheckResult, Report
from generator.evaluation import OWN_SET, Result, Task, read_set, run, shares, worse
from generator.evaluation_page import to_json, to_page
from generator.request import Ask, Proposal, Usage, WriterRefusedError
from generator.template_writer import TemplateWriter

_HEAD = "id,difficulty,prompt,intent,reference\n"
_LABEL = Task("label", 1, "a naming and tags module")


def _passed(_files: object) -> Report:
    checks = (CheckResult("validate", "", "passed", 0.1), CheckResult("test", "", "passed", 0.1))
    return Report("house", "none", "builtin", "L2", "passed", checks)


def _refused(_files: object) -> Report:
    return Report("house", "none", "builtin", "L2", "refused", (CheckResult("validate", "", "failed", 0.1),))


class _Failing:
    """A writer that says no."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def propose(self, ask: Ask) -> Proposal:
        raise self._error

    def repair(self, *_given: object) -> None:
        raise AssertionError


def test_our_own_set_can_be_read() -> None:
    tasks = read_set(OWN_SET)
    assert len(tasks) >= 10
    assert all("package intent" in task.intent for task in tasks)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,prompt\nx,y\n", "lacks the columns difficulty, intent, reference"),
        (_HEAD, "holds 0 tasks"),
        (f"{_HEAD}a,1,x,,\na,1,y,,\n", "line 3: the id a stands twice"),
        (f"{_HEAD}a,easy,x,,\n", "line 2: id, prompt and difficulty"),
        (f"{_HEAD}a,1,x,no.rego,\n", "line 2: a file that it names"),
        (f"{_HEAD}a,1,x,,nowhere\n", "nowhere is no folder"),
    ],
)
def test_a_set_that_cannot_be_used_says_where(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        read_set(tmp_path / "set.csv")


def test_a_reference_tells_which_types_the_answer_has_not(tmp_path: Path) -> None:
    (tmp_path / "answer").mkdir()
    (tmp_path / "answer" / "main.tf").write_text('resource "aws_s3_bucket" "this" {}\n')
    (tmp_path / "set.csv").write_text(f"{_HEAD}a,2,a naming and tags module,,answer\n")
    (task,) = read_set(tmp_path / "set.csv")
    result = run(task, TemplateWriter(), _passed)
    assert result.missing_types == ("aws_s3_bucket",)
    assert result.right


@pytest.mark.parametrize(
    ("intent", "holds", "lacks"),
    [
        ('package intent\ndeny contains "x" if { false }\n', "yes", ()),
        ('package intent\ndeny contains "no bucket" if { count(input.resources) < 100 }\n', "no", ("no bucket",)),
        ("package other\n", "undecided", ("`data.intent.deny` is no set",)),
    ],
)
def test_an_intent_is_asked_of_the_module(intent: str, holds: str, lacks: tuple[str, ...]) -> None:
    result = run(Task("a", 1, _LABEL.prompt, intent), TemplateWriter(), _passed)
    assert (result.intent, result.lacks) == (holds, lacks)
    assert result.right == (holds == "yes")


def test_what_fails_is_a_result() -> None:
    usage = Usage("model", 2, 10, 20)
    found = [
        run(_LABEL, _Failing(WriterRefusedError("no", usage)), _passed),
        run(_LABEL, _Failing(Transient("later")), _passed),
        run(Task("b", 2, "a mainframe"), TemplateWriter(), _passed),
        run(_LABEL, TemplateWriter(), _refused),
    ]
    assert [one.made for one in found] == ["refused-by-writer", "unreachable", "nothing-fits", "refused-by-gate"]
    everything, first, second, *_ = shares(found)
    assert (everything.tasks, everything.right, everything.calls, everything.output_tokens) == (4, 0, 2, 20)
    assert (first.name, first.tasks, second.name, second.tasks) == ("difficulty 1", 3, "difficulty 2", 1)


def test_only_what_was_right_and_ran_again_can_be_worse() -> None:
    now = [Result("a", 1, "made", verdict="passed"), Result("b", 1, "nothing-fits"), Result("c", 1, "nothing-fits")]
    before = [
        {"id": "a", "right": True},
        {"id": "b", "right": True},
        {"id": "c", "right": False},
        {"id": "d", "right": True},
    ]
    assert worse(before, now) == ("b",)


def test_the_page_escapes_and_the_json_repeats() -> None:
    results = [Result("<script>", 1, "made", lacks=("<b>",), verdict="passed", intent="no")]
    page = to_page({"writer": "<i>"}, results)
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;i&gt;" in page
    assert to_json({}, results) == to_json({}, results)
