"""The sandbox of this machine: what it stops, how older kernels would do, and what happens where there is none."""

import errno
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gate.confinement import Confinement, python_files
from gate.namespaces import bubblewrap
from gate.process import Limits, run
from gate.sandbox.probe import probe, try_everything
from gate.workspace import open_workspace

ROOT = Path(__file__).parents[3]
WITHOUT_LANDLOCK = Path(__file__).parent / "hostile" / "without_landlock.py"


def test_this_machine_reaches_the_required_level() -> None:
    found = probe()
    assert found.reason == ""
    assert found.level >= "L2"
    assert [attempt.title for attempt in found.attempts if not attempt.wanted] == []


@pytest.mark.parametrize("landlock", [1, 2, 3, 4, 5])
def test_what_an_older_landlock_lacks_the_filter_makes_up_for(landlock: int) -> None:
    found = try_everything(Confinement(landlock=landlock, namespaces=False))
    assert (found.level, found.landlock) == ("L2", landlock)


@pytest.mark.checklist("T-32")
def test_namespaces_are_used_where_they_can_be_had_and_named_only_then() -> None:
    """Where bubblewrap is missing, or may make none, the level says so."""
    assert probe().level == ("L3" if bubblewrap() else "L2")
    assert try_everything(Confinement(namespaces=False)).level == "L2"


@pytest.mark.checklist("T-32")
@pytest.mark.parametrize("answer", ["exit 1", "echo True", "sleep 0"])
def test_a_bubblewrap_that_makes_no_namespaces_is_none(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that forbids them. One that lies starts nothing, so nothing runs."""
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{answer}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    bubblewrap.cache_clear()
    try:
        assert try_everything(Confinement()).level == ("L1" if answer == "echo True" else "L2")
    finally:
        bubblewrap.cache_clear()


def test_the_probe_notices_what_is_not_stopped() -> None:
    found = try_everything(Confinement(landlock=0, required=False))
    assert found.level == "L1"
    assert "read a file outside its folder" in found.reason


JUDGE = """
import json
from gate.engines.port import EngineSettings
from gate.judge import judge
files = {"main.tf": b'variable "x" {\\n  type = string\\n}\\n'}
print(json.dumps(judge(files, profile="safety", engine=EngineSettings()).to_dict()))
"""


@pytest.mark.checklist("T-32")
def test_without_landlock_nothing_runs_and_the_reason_is_told() -> None:
    done = subprocess.run(
        [sys.executable, WITHOUT_LANDLOCK, sys.executable, "-c", JUDGE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert (report["verdict"], report["sandbox"], report["engine"]) == ("undecided", "L0", "none")
    told = next(finding for finding in report["findings"] if finding["rule"] == "sandbox")
    assert "no Landlock" in told["fix"]
    assert "TERRASMITH_SANDBOX=trusted-local" in told["fix"]
    ran = {check["id"]: check["outcome"] for check in report["checks"]}
    assert {ran[name] for name in ("fmt", "init", "validate", "test")} == {"undecided"}


CONNECT = """
import os, socket, sys
def attempt(path, length=None):
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(path)
        client.sendall(b"x")
        return client.getblocking() and os.get_inheritable(client.fileno()) is False
    except OSError as error:
        return error.errno
own = os.environ["TMPDIR"]
server = socket.socket(socket.AF_UNIX)
os.mkdir(own + "/below")
server.bind(own + "/below/own")
server.listen()
os.symlink(sys.argv[1], own + "/link")
os.symlink(os.path.dirname(sys.argv[1]), own + "/folder")
open(own + "/file", "w").close()
os.chdir(own)
print([attempt(path) for path in (
    own + "/below/own", own + "//below/own", own + "/below/../below/own", "below/own", own + "/below/none",
    own + "/file", own + "/link", own + "/folder/socket", sys.argv[1], "\\0" + sys.argv[2])])
"""


def test_only_its_own_sockets_can_be_connected_to_and_no_link_leads_out(tmp_path: Path) -> None:
    outside = tmp_path / "socket"
    script = {"connect.py": CONNECT.encode()}
    with socket.socket(socket.AF_UNIX) as listener, open_workspace(script, None) as workspace:
        listener.bind(str(outside))
        listener.listen()
        done = run(
            [sys.executable, "-I", "-S", "connect.py", str(outside), "nobody"],
            environment=workspace.environment,
            directory=workspace.work,
            limits=Limits(),
            deadline=time.monotonic() + 30,
            confinement=workspace.confinement(readable=python_files()),
        )
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    shut = errno.EACCES
    linked = [errno.ECONNREFUSED, errno.ENOTDIR]  # the link itself is no socket, and no folder
    assert json.loads(done.stdout.replace("True", "true")) == [
        *(True, shut, shut, shut, errno.ENOENT, errno.ECONNREFUSED),
        *linked,
        *(shut, shut),
    ], done.stderr


def test_a_program_gets_no_more_than_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "file").write_text("given")
    (tmp_path / "hidden").write_text("hidden")

    def cat(path: Path, **given: tuple[Path, ...]) -> str:
        done = run(
            ["/bin/cat", str(path)],
            environment={},
            directory=tmp_path,
            limits=Limits(),
            deadline=time.monotonic() + 30,
            confinement=Confinement(**given),
        )
        return done.stdout + done.stderr

    inside, hidden = tmp_path / "given" / "file", tmp_path / "hidden"
    assert cat(inside, readable=(tmp_path / "given",)) == "given"
    assert cat(inside, readable=(inside, tmp_path / "does not exist")) == "given"
    assert "Permission denied" in cat(inside)
    assert "Permission denied" in cat(hidden, readable=(tmp_path / "given",), writable=(tmp_path / "given",))
