"""The short lead: whatever a program does, it ends, it is counted, and nothing of it is left."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from gate.confinement import Confinement, python_files
from gate.engines.running_provider import RunningProvider
from gate.namespaces import bubblewrap
from gate.process import Completed, Limits, Supervised, run

PROGRAMS = (Path("/bin"), Path("/usr/bin"))


def sh(script: str, directory: Path, *, seconds: float = 30, **limits: int) -> Completed:
    return run(
        ["/bin/sh", "-c", script],
        environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MARK": str(directory)},
        directory=directory,
        limits=Limits(**limits),
        deadline=time.monotonic() + seconds,
        confinement=Confinement(executable=PROGRAMS, writable=(directory,)),
    )


def survivors(directory: Path) -> list[psutil.Process]:
    """Processes that carry our mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MARK") == str(directory) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_code_and_output_come_back(tmp_path: Path) -> None:
    done = sh("echo out; echo err >&2; exit 3", tmp_path)
    assert (done.code, done.stdout, done.stderr, done.limit) == (3, "out\n", "err\n", None)


@pytest.mark.checklist("T-28")
def test_the_environment_is_what_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CLI_ARGS", "-evil")
    monkeypatch.setenv("LD_PRELOAD_CANARY", "canary")
    names = {line.split("=", 1)[0] for line in sh("env", tmp_path).stdout.splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "LANG", "MARK"}


@pytest.mark.checklist("T-30", "F-04")
@pytest.mark.parametrize(
    "script",
    [
        "trap '' TERM INT HUP; while :; do sleep 60; done",
        "(setsid sh -c \"trap '' TERM; sleep 60 & sleep 60\" &) ; sleep 60",
        "for i in 1 2 3 4 5; do (sleep 60 &) ; done; exec sleep 60",
    ],
)
def test_a_tree_that_ignores_signals_is_gone_after_the_limit(script: str, tmp_path: Path) -> None:
    done = sh(script, tmp_path, seconds=1)
    assert (done.code, done.limit) == (None, "time")
    assert not survivors(tmp_path)


@pytest.mark.checklist("F-04")
def test_what_a_program_leaves_behind_goes_with_it(tmp_path: Path) -> None:
    done = sh("(setsid sleep 60 &) ; exit 0", tmp_path)
    assert done.code == 0
    assert not survivors(tmp_path)


@pytest.mark.checklist("T-30")
def test_each_limit_is_told_apart(tmp_path: Path) -> None:
    assert sh("yes", tmp_path, output_bytes=1 << 20).limit == "output"
    assert sh("exec python3 -c 'while True: pass'", tmp_path, cpu_seconds=1).limit == "time"
    assert sh("exec python3 -c 'bytearray(8 << 30)'", tmp_path, memory_bytes=1 << 30).limit == "memory"
    assert sh("exec dd if=/dev/zero of=big bs=65536 count=100", tmp_path, file_bytes=1 << 20).limit == "file size"
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_a_program_that_does_not_exist_is_an_answer_too(tmp_path: Path) -> None:
    done = run(["/nowhere"], environment={}, directory=tmp_path, limits=Limits(), deadline=time.monotonic() + 10)
    assert done.code == 126
    assert "/nowhere" in done.stderr


@pytest.mark.checklist("F-02")
def test_when_we_die_the_tree_dies(tmp_path: Path) -> None:
    program = Supervised(
        ["/bin/sh", "-c", "echo up; sleep 60 & sleep 60"],
        environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MARK": str(tmp_path)},
        directory=tmp_path,
        limits=Limits(),
        confinement=Confinement(executable=PROGRAMS),
    )
    assert program.read(time.monotonic() + 30, until=lambda: program.stdout == b"up\n")
    assert survivors(tmp_path)
    # What the kernel does to our end of the socket when this process dies.
    program._lifeline.close()
    program._process.wait(30)
    assert not survivors(tmp_path)
    program._closed = True
    for handle in program._introduced():
        os.close(handle)
    for stream in (program._process.stdout, program._process.stderr):
        assert stream is not None
        stream.close()


PROVIDER = """
import json, os, socket, time
path = os.environ["TMPDIR"] + "/plugin"
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
os.waitpid(child, 0)
address = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": 1, "Addr": {"Network": "unix", "String": path}}
print("TF_REATTACH_PROVIDERS='" + json.dumps({"x": address}) + "'", flush=True)
time.sleep(60)
"""


@pytest.mark.checklist("F-04", "T-30")
@pytest.mark.parametrize("victim", ["launcher", "guardian"])
@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nowhere"], ids=["namespaces where there are", "no namespaces"])
def test_a_killed_launcher_leaves_no_provider_behind(
    victim: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-04: `kill -9`, or the kernel short of memory, hits what stands between us and a provider."""
    script = tmp_path / "provider.py"
    script.write_text(PROVIDER)
    argv, place = [sys.executable, "-I", "-S", str(script)], tmp_path / "p"
    monkeypatch.setenv("PATH", path)
    bubblewrap.cache_clear()
    try:
        provider = RunningProvider("x", argv, place, Limits(), contained=True, readable=(*python_files(), script))
    finally:
        bubblewrap.cache_clear()
    try:
        found = provider.processes()
        assert len(found) == 2  # itself, and what has detached itself from it
        launcher = psutil.Process(found[0].ppid())
        (launcher if victim == "launcher" else psutil.Process(launcher.ppid())).kill()
        _, alive = psutil.wait_procs(found, timeout=30)
        assert (alive, provider.alive) == ([], False)
    finally:
        provider.close()


def test_whether_it_runs_is_known_at_once(tmp_path: Path) -> None:
    """The kernel's handle on a program says that it has ended before anybody has buried it."""
    program = Supervised(
        ["/bin/sleep", "60"],
        environment={},
        directory=tmp_path,
        limits=Limits(),
    )
    try:
        assert program.running
        deadline = time.monotonic() + 30
        while not (found := program.processes()):
            assert time.monotonic() < deadline
        found[0].suspend()
        assert program.running
        launcher = psutil.Process(found[0].ppid())
        launcher.suspend()  # it will bury nobody
        found[0].kill()
        while found[0].status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
        assert not program.running
        launcher.resume()
    finally:
        program.close()
