"""Stored answers as models get them wrong, through the real SDK and the whole gate: which are mended, and by whom."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gate.engines.port import EngineSettings
from gate.formatting import formatter
from gate.report import Report
from generator.claude import ClaudeWriter
from generator.edits import Edit, applied
from generator.loop import generate
from generator.request import Ask, Draft
from generator.writers import make_writer
from tfmodule.files import FileMap

_ROOT = Path(__file__).resolve().parents[3]
_GOOD = _ROOT / "simulators" / "claude" / "answers" / "good"
FLAWS: list[dict[str, str]] = tomllib.loads((_ROOT / "tests" / "corpora" / "flawed.toml").read_text(encoding="utf-8"))[
    "flaw"
]
_ASK = Ask("a catalogue of our services", None, None, "acme")

pytestmark = pytest.mark.usefixtures("terraform")


def _good() -> FileMap:
    paths = (path for path in sorted(_GOOD.rglob("*")) if path.is_file() and path.name != "answer.json")
    return {path.relative_to(_GOOD).as_posix(): path.read_bytes() for path in paths}


def _steps(flaw: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The flawed answer, and the edit that undoes the flaw where one is expected to be asked for."""
    about = json.loads((_GOOD / "answer.json").read_text(encoding="utf-8"))
    files = applied(_good(), [Edit(flaw["path"], flaw["old"], flaw["new"])])
    listed = [{"path": path, "content": data.decode()} for path, data in files.items()]
    yield {"do": "say", "values": about | {"files": listed}}
    if flaw["fate"] == "round":
        undo = {"path": flaw["path"], "old": flaw["new"], "new": flaw["old"]}
        yield {"do": "say", "values": {"edits": [undo]}}


def _fate(draft: Draft) -> str:
    makers = [one.by for one in draft.trajectory if one.accepted]
    return {1: "scaffold"}.get(len(makers), "round" if "model" in makers else "fixers")


def test_the_corpus_holds_thirty_and_more() -> None:
    names = [flaw["name"] for flaw in FLAWS]
    assert len(names) == len(set(names)) >= 30


@pytest.mark.parametrize(
    "flaws", [pytest.param(FLAWS[::3], id="a third"), pytest.param(FLAWS, id="all", marks=pytest.mark.prove)]
)
def test_each_flawed_answer_meets_its_fate(
    flaws: list[dict[str, str]],
    claude: Callable[..., Any],
    house: Callable[[FileMap], Report],
    lent: EngineSettings,
) -> None:
    simulator = claude(*(step for flaw in flaws for step in _steps(flaw)))
    writer = make_writer("sk-test", simulator.url, "claude-opus-5-5")
    assert isinstance(writer, ClaudeWriter)
    fates = {}
    for flaw in flaws:
        draft = generate(_ASK, writer=writer, judge=house, formatter=formatter(lent))
        fates[flaw["name"]] = _fate(draft)
        assert draft.report.passed
        assert draft.usage is not None
        # A scaffold and a fixer cost nothing; a round costs one call.
        assert draft.usage.calls == (2 if flaw["fate"] == "round" else 1), flaw["name"]
    assert fates == {flaw["name"]: flaw["fate"] for flaw in flaws}
