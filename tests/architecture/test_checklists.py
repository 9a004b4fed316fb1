"""docs/checklists and docs/THREATS.md name exactly the tests that bear their ids, and the other way round."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

# Which document explains which ids.
DOCUMENT_OF = {
    "R": "docs/checklists/registry.md",
    "G": "docs/checklists/github.md",
    "S": "docs/checklists/github.md",
    "F-": "docs/checklists/faults.md",
    "P-": "docs/checklists/promises.md",
    "T-": "docs/THREATS.md",
}
ID = r"(?:[RGS]\d{1,2}|[TFP]-\d{2})"


def _marks(node: ast.AST) -> list[str]:
    """The ids in `pytest.mark.checklist(…)` anywhere inside this node."""
    calls = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.checklist"
    ]
    return [argument.value for call in calls for argument in call.args if isinstance(argument, ast.Constant)]


def _opening(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The ids with which a test's docstring opens: `S23: no token …`, or `G22, G23.`"""
    match = re.match(rf"({ID}(?:, {ID})*)[:.]", ast.get_docstring(node) or "")
    return match.group(1).split(", ") if match else []


def borne_by_file(path: str, text: str) -> dict[str, set[str]]:
    return borne(path, ast.parse(text, path))


def borne(path: str, tree: ast.Module) -> dict[str, set[str]]:
    """Id → tests of one file, each as `path::name`. A mark on the file counts for all of its tests."""
    whole = [name for node in tree.body if isinstance(node, ast.Assign) for name in _marks(node)]
    found = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = [name for decorator in node.decorator_list for name in _marks(decorator)]
            for name in (*whole, *own, *_opening(node)):
                found[name].add(f"{path}::{node.name}")
        if isinstance(node, ast.ClassDef):
            for name in (name for decorator in node.decorator_list for name in _marks(decorator)):
                tests = [
                    each for each in node.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
                ]
                found[name] |= {f"{path}::{each.name}" for each in tests}
    return found


def documented(text: str) -> dict[str, set[str]]:
    """Id → tests as a document lists them: a heading `### R1 …`, and below it lines "- `path::name`"."""
    found = {}
    for section in re.split(r"^(?=### )", text, flags=re.MULTILINE)[1:]:
        head = re.match(rf"### ({ID}) \S", section)
        assert head, section.splitlines()[0]
        found[head.group(1)] = set(re.findall(r"^- `([^`]+::test_\w+)`", section, re.MULTILINE))
    return found


@pytest.fixture(scope="module")
def in_tests(sources) -> dict[str, set[str]]:
    found = defaultdict(set)
    for source in sources:
        if re.match(r"tests/.*/test_\w+\.py$", source.path):
            for name, tests in borne(source.path, source.tree).items():
                found[name] |= tests
    return dict(found)


def test_ids_are_written_as_the_checklists_write_them(in_tests: dict[str, set[str]]) -> None:
    assert not [name for name in in_tests if not re.fullmatch(ID, name)]


@pytest.mark.parametrize("document", sorted(set(DOCUMENT_OF.values())))
def test_a_checklist_and_its_tests_name_each_other(root: Path, in_tests: dict[str, set[str]], document: str) -> None:
    prefixes = [prefix for prefix, name in DOCUMENT_OF.items() if name == document]
    path = root / document
    written = documented(path.read_text(encoding="utf-8")) if path.exists() else {}
    real = {name: tests for name, tests in in_tests.items() if any(name.startswith(prefix) for prefix in prefixes)}
    assert written == real, "run: .venv/bin/python tools/checklists.py"


HOSTILE = [f"T-{number}" for number in (*range(21, 33), 35)] + ["F-04"]
"""What the gate has to hold out against."""


@pytest.mark.parametrize("name", HOSTILE)
def test_every_attack_on_the_gate_is_tried_on_the_real_thing(in_tests: dict[str, set[str]], name: str) -> None:
    """Not by reading alone: with a process, an engine, a scanner or a whole system."""
    assert [test for test in in_tests.get(name, ()) if test.startswith(("tests/integration/", "tests/e2e/"))]


def test_every_id_says_what_it_means(root: Path) -> None:
    for document in set(DOCUMENT_OF.values()):
        path = root / document
        for section in re.split(
            r"^(?=### )", path.read_text(encoding="utf-8") if path.exists() else "", flags=re.MULTILINE
        )[1:]:
            prose = [line for line in section.splitlines()[1:] if line and not line.startswith(("- `", "#"))]
            assert len(" ".join(prose)) > 30, section.splitlines()[0]


def test_marks_are_found_wherever_they_stand() -> None:
    code = (
        "import pytest\npytestmark = pytest.mark.checklist('S1')\n"
        "@pytest.mark.checklist('T-01', 'T-02')\ndef test_a(): ...\n"
        "class TestB:\n    def test_c(self):\n        'G22, G23: and after a crash.'\n"
    )
    assert borne("f.py", ast.parse(code)) == {
        "S1": {"f.py::test_a", "f.py::test_c"},
        "T-01": {"f.py::test_a"},
        "T-02": {"f.py::test_a"},
        "G22": {"f.py::test_c"},
        "G23": {"f.py::test_c"},
    }
