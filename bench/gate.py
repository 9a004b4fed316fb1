"""What the gate costs by phase, beside the same commands without it, on our own templates."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.engines import Measured, Memory, cpu_seconds, engines, opened, read_module
from bench.figures import NONE, Table, in_seconds, median, times
from bench.processes import folder, scanner
from bench.scale import Scale
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.mirror import REGISTRY_HOST, find_mirror
from gate.report import Report
from gate.scanning.scanner import Scanner
from gate.scanning.scanners import make_scanner
from gate.scanning.warm import ScannerSettings, find_python
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
_TOGETHER = 20


@dataclass(frozen=True)
class _Judged:
    report: Report
    whole: float
    cpu: float


def measure(scale: Scale) -> Iterator[Table]:
    """Each module by hand, then by the gate with each engine. A module whose provider is in no mirror is named."""
    terraform, mirror = find_terraform(), find_mirror(None)
    modules: dict[str, tuple[FileMap, str]] = {name: (_written(prompt), "house") for name, prompt in PROMPTS.items()}
    if scale.gate_module is not None:
        modules[scale.gate_module.name] = (read_module(scale.gate_module), "safety")
    for name, (files, profile) in modules.items():
        if "label" not in name and (mirror is None or not (mirror / REGISTRY_HOST / "hashicorp" / "aws").is_dir()):
            raise UserError(f"{name}: no provider mirror of this machine holds hashicorp/aws.")
        with folder() as work:
            bare = _bare(terraform, mirror, files, work)
        yield _table(name, files, profile, bare, {one.name: _runs(one, files, profile, scale) for one in engines()})
    yield _side_by_side(PROMPTS["S3 bucket, AWS provider"])


def _runs(engine: Measured, files: FileMap, profile: str, scale: Scale) -> list[_Judged]:
    """A warm engine's first job, which starts it, is left out: the table is about all that follow."""
    with opened(engine) as settings, _scanning(warm=engine.warm) as scanning:
        if engine.warm:
            _judged(files, profile, settings, scanning)
        return [_judged(files, profile, settings, scanning) for _ in range(scale.gate)]


@contextmanager
def _scanning(*, warm: bool) -> Iterator[Scanner | None]:
    """The scanners of this machine; None where Checkov has no environment."""
    if find_python(ScannerSettings()) is None:
        yield None
    elif not warm:
        yield make_scanner(ScannerSettings(contained=False))
    else:
        with folder() as work, scanner(work) as place:
            yield make_scanner(ScannerSettings(socket=place, contained=False))


def _written(prompt: str) -> FileMap:
    """What the generator would hand to the gate."""
    taken: list[FileMap] = []

    def look(files: FileMap) -> Report:
        taken.append(files)
        return Report("house", "none", "none", "L0", "passed")

    ask = Ask(prompt, None, None, "acme")
    generate(ask, writer=make_writer(None, None, ""), judge=look, progress=lambda _step, _text: None)
    return taken[-1]


def _judged(files: FileMap, profile: str, settings: EngineSettings, scanning: Scanner | None) -> _Judged:
    begun, before = time.perf_counter(), cpu_seconds()
    report = judge(files, profile=profile, engine=settings, scanner=scanning)
    return _Judged(report, time.perf_counter() - begun, cpu_seconds() - before)


def _bare(terraform: Terraform, mirror: Path | None, files: FileMap, work: Path) -> dict[str, tuple[float, float]]:
    """Wall and processor time of the commands that the gate's phases stand for, as a person would type them."""
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
        begun, before = time.perf_counter(), cpu_seconds()
        for directory, arguments in runs:
            # Unformatted files are the gate's business; here only the time counts.
            terraform.attempt(directory, *arguments, config=config)
        seconds[phase] = time.perf_counter() - begun, cpu_seconds() - before
    if python := find_python(ScannerSettings()):
        seconds["scan"] = _checkov(python, root)
    shutil.rmtree(root)
    return seconds


def _checkov(python: Path, root: Path) -> tuple[float, float]:
    """Checkov's own program, which exits with 1 where it finds anything."""
    options = ("--framework", "terraform", "--compact", "--quiet", "--skip-download")
    begun, before = time.perf_counter(), cpu_seconds()
    done = subprocess.run([python.with_name("checkov"), "-d", root, *options], check=False, capture_output=True)
    if done.returncode not in (0, 1):
        raise UserError(f"Checkov failed: {done.stderr.decode(errors='replace')[-1000:]}")
    return time.perf_counter() - begun, cpu_seconds() - before


def _table(
    name: str,
    files: FileMap,
    profile: str,
    bare: Mapping[str, tuple[float, float]],
    judged: Mapping[str, list[_Judged]],
) -> Table:
    first = next(iter(judged.values()))[0].report
    rows: list[tuple[str, ...]] = []
    for index, check in enumerate(first.checks):
        seconds = [median([one.report.checks[index].seconds for one in runs]) for runs in judged.values()]
        if max(seconds) >= 0.005 or check.id in bare:
            rows.append(
                (check.id, in_seconds(bare[check.id][0]) if check.id in bare else NONE, *map(in_seconds, seconds))
            )
    whole = {engine: median([one.whole for one in runs]) for engine, runs in judged.items()}
    cpu = {engine: median([one.cpu for one in runs]) for engine, runs in judged.items()}
    hand, hand_cpu = (sum(times[kind] for times in bare.values()) for kind in (0, 1))
    terraforms = sum(bare[phase][0] for phase in ("init", "validate", "test"))
    longer = max(terraforms, bare.get("scan", (0.0, 0.0))[0])
    rows.append(("whole", in_seconds(hand), *map(in_seconds, whole.values())))
    if _counted(first):
        rows += [
            ("processor time of the whole", in_seconds(hand_cpu), *map(in_seconds, cpu.values())),
            ("processor time beside by hand", "1.0 ×", *(times(one, hand_cpu) for one in cpu.values())),
        ]
    rows += [
        ("beside the longer of Terraform's and Checkov's", NONE, *(times(one, longer) for one in whole.values())),
        ("verdict", NONE, *(runs[0].report.verdict for runs in judged.values())),
    ]
    return Table(
        f"Gate, {profile} profile: {name} ({len(files)} files)",
        ("step", "by hand, once", *judged),
        tuple(rows),
        (
            (
                f"By hand: the same commands with {_name(first)}"
                f"{' and Checkov' if 'scan' in bare else ', no scanner'}, one after another."
            ),
            (
                "The longer of two: `init`, `validate` and `test` by hand together, or Checkov by hand; wall time. "
                "The gate scans meanwhile, so its `scan` is only what is waited for."
            ),
            f"Tier {first.tier}, sandbox {first.sandbox}; medians of {len(next(iter(judged.values())))}.",
        ),
    )


def _counted(report: Report) -> bool:
    """Bubblewrap ends without waiting for what it started, so the kernel books the time of that on nobody."""
    if report.sandbox in ("L0", "L1", "L2"):
        return True
    machine.note_uncounted("our own programs in namespaces")
    return False


def _name(report: Report) -> str:
    return report.engine.split(" (")[0]


def _side_by_side(prompt: str) -> Table:
    """Many jobs at once, through two engines."""
    files, rows = _written(prompt), []
    for engine in engines():
        if not engine.warm:
            continue
        with opened(engine, jobs=2) as settings, Memory() as memory:
            judge(files, profile="house", engine=settings)
            begun, before = time.perf_counter(), cpu_seconds()
            with ThreadPoolExecutor(_TOGETHER) as pool:
                found = list(pool.map(lambda _: judge(files, profile="house", engine=settings), range(_TOGETHER)))
            wall, cpu = time.perf_counter() - begun, cpu_seconds() - before
        passed = sum(report.passed and report.engine.endswith("warm)") for report in found)
        rows.append(
            (
                engine.name,
                f"{passed} of {_TOGETHER}",
                in_seconds(wall),
                in_seconds(cpu) if _counted(found[0]) else NONE,
                f"{memory.peak_bytes >> 20} MiB",
            )
        )
    return Table(
        f"Gate: {_TOGETHER} jobs at once through 2 engines, S3 bucket",
        ("engine", "passed warm", "wall", "processor time", "most memory"),
        tuple(rows),
        (
            "Memory of all engines and providers together; the budget is 2 × 1.6 GiB.",
            "Processor time is told up to sandbox L2: the kernel books that of namespaces on nobody.",
        ),
    )
