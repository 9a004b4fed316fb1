"""`terrasmith up`: refuses what is wrong in one line, keeps its children alive, and ends without leaving any."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.living_system import CHILDREN, System, kill, living, run, until


@pytest.mark.checklist("S1")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TERRASMITH_REDELIVERY_SECONDS", "soon"),
        ("DATABASE_URL", "mysql://somewhere/db"),
        ("TERRASMITH_SECRET_KEY", "short"),
        ("TERRASMITH_SANDBOX", "perhaps"),
        ("TERRASMITH_WEBHOOK_SECRETS", ""),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line(tmp_path: Path, variable: str, value: str):
    done = run("up", "--data-dir", str(tmp_path), **{"TERRASMITH_SANDBOX": "trusted-local", variable: value})
    assert done.returncode == 1
    assert done.stdout == ""
    told = [line for line in done.stderr.splitlines() if line.startswith("terrasmith: ")]
    assert len(told) == 1 and told[0].startswith(f"terrasmith: {variable} ")
    assert "Traceback" not in done.stderr
    assert "expects" in told[0]


def test_json_without_simulate_is_a_wrong_command_line(tmp_path: Path):
    done = run("up", "--json", "--data-dir", str(tmp_path))
    assert done.returncode == 2 and "--simulate" in done.stderr


def test_a_second_one_on_the_same_folder_is_refused(system: System):
    before = system.local()
    done = run("up", "--simulate", "--json", "--data-dir", str(system.directory))
    assert done.returncode == 1
    assert f"already runs in {system.directory} (process {system.process.pid})" in done.stderr
    assert done.stdout == ""
    assert system.local() == before, "the refused one must not touch what the first one stands on"
    assert system.children().keys() == CHILDREN


@pytest.mark.checklist("F-01", "F-06")
def test_whichever_child_is_killed_comes_back(system: System):
    before = system.children()
    assert before.keys() == CHILDREN
    for process in before.values():
        kill(process)
    until(lambda: system.children().keys() == CHILDREN, "every child to be back")
    after = system.children()
    assert all(after[name].pid != before[name].pid for name in CHILDREN)
    until(lambda: not system.unrest(), "GitHub to answer again")
    system.say("/help").answer("/generate")
    for name in CHILDREN:
        assert f"{name} died" in system.log()


@pytest.mark.checklist("F-03", "F-09", "G2")
def test_stops_and_starts(tmp_path: Path):
    """SIGTERM, a start that hears what was missed, SIGKILL, a start that reaps, Ctrl-C: ports and token stay."""
    first = System(tmp_path)
    # Web is away, as far as GitHub can tell.
    first.web.post("/_simulator/app", json={"webhook_url": "http://127.0.0.1:9/"}).raise_for_status()
    talk = first.say("/help")
    until(lambda: [one for one in first.failed_deliveries() if one["event"] == "issue_comment"], "a failed delivery")
    family = first.family()
    assert first.stop(signal.SIGTERM) == 0
    assert living(family) == []
    assert not (tmp_path / "processes.json").exists()

    second = System(tmp_path)
    talk.system = second
    assert second.addresses == first.addresses, "ports and tokens are kept"
    talk.answer("/generate")
    family, children = second.family(), second.children()
    second.stop(signal.SIGKILL)
    assert len(living(family)) >= len(CHILDREN), "nobody was there to stop them"

    third = System(tmp_path)
    assert living(family) == [], "what the killed one left behind is gone"
    assert all(f"ending {name} (process {process.pid})" in third.log() for name, process in children.items())
    assert third.addresses == first.addresses
    talk.system = third
    third.say("/help").answer("/generate")
    family = third.family()
    assert third.stop(signal.SIGINT) == 0
    assert living(family) == []


def test_a_signal_during_the_start_ends_it(tmp_path: Path):
    """Nobody waits for a start that is not wanted any more."""
    process = subprocess.Popen(
        [sys.executable, "-m", "terrasmith", "up", "--simulate", "--json", "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    parent = psutil.Process(process.pid)
    children = until(lambda: len(found := parent.children(recursive=True)) >= 2 and found, "the first children")
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert printed == b""
    assert living(children) == []
