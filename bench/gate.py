"""What the gate costs by phase, beside the same Terraform commands without it, on our own templates."""

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Table, in_seconds, median, share, times
from bench.processes import folder
from bench.scale import Scale
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.mirror import REGISTRY_HOST, find_mirror
from gate.report import Report
from generator.loop import generate
from generator.request import Ask
from generator.writers import make_writer
from terrasmith import terraform_config
from terrasmith.visitor import Terraform, find_terraform
from tfmodule.files import FileMap

PROMPTS = {
    "label, built-in provider": "a label module for consistent names and tags",
    "S3 bucket, AWS provider": "an S3 bucket with versioning and encryption",
}
_SETTINGS = EngineSettings(
    terraform=None, provider_mirror=None, sandbox="trusted-local", timeout_seconds=300.0, memory_bytes=4096 << 20
)


@dataclass(frozen=True)
class _Judged:
    report: Report
    whole: float


def measure(scale: Scale) -> Iterator[Table]:
    """Gate, bare commands, gate again. A template whose provider is not in a mirror here is left out, and named."""
    terraform, mirror = find_terraform(), find_mirror(None)
    for name, prompt in PROMPTS.items():
        if "AWS" in name and (mirror is None or not (mirror / REGISTRY_HOST / "hashicorp" / "aws").is_dir()):
            raise UserError(f"{name}: no provider mirror of this machine holds hashicorp/aws.")
        files = _written(prompt)
        with folder() as work:
            judged = [_judged(files)]
            bare = _bare(terraform, mirror, files, work)
            judged += [_judged(files) for _ in range(scale.gate - 1)]
        yield _table(name, files, judged, bare)


def _written(prompt: str) -> FileMap:
    """What the generator would hand to the gate."""
    taken: list[FileMap] = []

    def look(files: FileMap) -> Report:
        taken.append(files)
        return Report("house", "none", "none", "L0", "passed")

    ask = Ask(prompt, None, None, "acme")
    generate(ask, writer=make_writer(None, None, ""), judge=look, progress=lambda _step, _text: None)
    return taken[-1]


def _judged(files: FileMap) -> _Judged:
    begun = time.perf_counter()
    report = judge(files, profile="house", engine=_SETTINGS)
    whole = time.perf_counter() - begun
    if not report.passed:
        raise UserError(f"the gate said {report.verdict}: {[finding.message for finding in report.findings]}")
    return _Judged(report, whole)


def _bare(terraform: Terraform, mirror: Path | None, files: FileMap, work: Path) -> dict[str, float]:
    """The commands that the gate's phases stand for, as a person would type them."""
    for path, data in files.items():
        target = work / "module" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    config = work / "terraform.rc"
    config.write_text(terraform_config.render("unused.example", "unused2.example", "none", mirror), encoding="utf-8")
    root = work / "module"
    examples = sorted({(root / path).parent for path in files if path.startswith("examples/") and path.endswith(".tf")})
    commands: dict[str, list[tuple[Path, tuple[str, ...]]]] = {
        "fmt": [(root, ("fmt", "-recursive", "-check"))],
        "init": [(one, ("init", "-backend=false", "-input=false")) for one in (root, *examples)],
        "validate": [(one, ("validate", "-json")) for one in (root, *examples)],
        "test": [(root, ("test",))],
    }
    seconds = {}
    for phase, runs in commands.items():
        begun = time.perf_counter()
        for directory, arguments in runs:
            # Unformatted files are the gate's business; here only the time counts.
            terraform.attempt(directory, *arguments, config=config)
        seconds[phase] = time.perf_counter() - begun
    shutil.rmtree(root)
    return seconds


def _table(name: str, files: FileMap, judged: list[_Judged], bare: Mapping[str, float]) -> Table:
    whole, bare_whole = median([one.whole for one in judged]), sum(bare.values())
    rows: list[tuple[str, ...]] = []
    for index, check in enumerate(judged[0].report.checks):
        seconds = median([one.report.checks[index].seconds for one in judged])
        alone = bare.get(check.id)
        beside = ("", "") if alone is None else (in_seconds(alone), times(seconds, alone))
        rows.append((check.id, check.outcome, in_seconds(seconds), share(seconds, whole), *beside))
    rest = whole - sum(median([one.report.checks[i].seconds for one in judged]) for i in range(len(rows)))
    rows.append(("copying, engine version, cleaning up", "", in_seconds(rest), share(rest, whole), "", ""))
    rows.append(("whole", judged[0].report.verdict, in_seconds(whole), share(whole, whole), in_seconds(bare_whole),
                 times(whole, bare_whole)))  # fmt: skip
    report = judged[0].report
    return Table(
        f"Gate, house profile: {name} ({len(files)} files)",
        ("phase", "outcome", f"median of {len(judged)}", "share", "bare, once", "gate beside bare"),
        tuple(rows),
        (f"Engine {report.engine}, tier {report.tier}, sandbox {report.sandbox}; bare: the same commands alone.",),
    )
