"""`terrasmith demo`: told on a terminal or into a pipe, with what this machine has."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx
import psutil

from tests.living_system import PATIENCE_SECONDS, START_SECONDS, living, run


def test_without_a_terminal_it_tells_the_story_and_ends(tmp_path: Path):
    """No mirror and no network: it says so, and tells the story with the template that needs no provider."""
    empty = tmp_path / "mirror"
    empty.mkdir()
    done = run(
        "demo", "--offline", "--data-dir", str(tmp_path / "data"), seconds=400, TERRASMITH_PROVIDER_MIRROR=str(empty)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Neither a provider mirror nor the network has hashicorp/aws" in done.stdout
    assert "built-in provider" in done.stdout
    ticks = [line for line in done.stdout.splitlines() if line.strip().startswith("✓")]
    for part in (
        "/generate a label",
        "pull request",
        "green",
        "approves and merges",
        "init",
        "apply",
        "HTTPS",
        "0.2.0",
    ):
        assert any(part in line for line in ticks), f"no tick about {part!r}: {done.stdout}"
    assert "✗" not in done.stdout
    assert "The whole road works." in done.stdout
    assert "\x1b" not in done.stdout, "no colours into a pipe"


def test_a_prompt_that_nothing_fits_fails_with_the_bots_answer_and_stays_until_ctrl_c(tmp_path: Path):
    asked = ("demo", "--prompt", "a teapot", "--data-dir", str(tmp_path / "data"))
    with Terminal(*asked, TERRASMITH_SCANNER="off") as terminal:  # nothing is written that could be scanned
        terminal.until("Ctrl-C ends it.")
        family = terminal.family()
        [address] = re.findall(r"GitHub \(simulated\)\s+(\S+)", terminal.shown)
        assert httpx.get(address).status_code == 200
        assert "✗" in terminal.shown
        assert "S3" in terminal.shown and "SQS" in terminal.shown, "what it can make"
        assert "The logs are in" in terminal.shown
        assert terminal.interrupt() == 1, "the story failed"
        assert living(family) == []


def test_ctrl_c_in_the_middle_of_the_story(tmp_path: Path):
    with Terminal("demo", "--once", "--prompt", "a label module", "--data-dir", str(tmp_path / "data")) as terminal:
        terminal.until("✓")
        family = terminal.family()
        assert terminal.interrupt() == 1
        assert "Stopped." in terminal.shown and "Traceback" not in terminal.shown
        assert living(family) == []


def test_claude_without_a_key_is_refused(tmp_path: Path):
    done = run("demo", "--claude", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "TERRASMITH_ANTHROPIC_API_KEY" in done.stderr


def test_it_explains_itself():
    done = run("demo", "--help", COLUMNS="200")
    assert done.returncode == 0
    for option in ("--once", "--prompt", "--claude", "--offline", "--data-dir"):
        assert option in done.stdout


class Terminal:
    """A `terrasmith` command whose standard output is a terminal."""

    def __init__(self, *arguments: str, **more: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "terrasmith", *arguments],
            env={**os.environ, "COLUMNS": "200", "TERM": "xterm", **more},
            stdout=slave,
            stderr=subprocess.DEVNULL,
        )
        os.close(slave)
        self._bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._drain()
        self._process.wait(timeout=60)
        os.close(self._master)

    @property
    def shown(self) -> str:
        """What a person read, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._bytes.decode("utf-8", "replace"))

    def until(self, text: str) -> None:
        deadline = time.monotonic() + START_SECONDS + PATIENCE_SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"no {text!r} in: {self.shown}"
            assert self._read(1.0), f"it ended without {text!r}: {self.shown}"

    def interrupt(self) -> int:
        """Ctrl-C: the exit code."""
        self._process.send_signal(signal.SIGINT)
        self._drain()
        return self._process.wait(timeout=60)

    def family(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def _drain(self) -> None:
        while self._read(60.0):
            pass

    def _read(self, seconds: float) -> bool:
        """Take in what comes within `seconds`; False at the end."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self._master, 65536)
        except OSError:  # how Linux tells that the other side is closed
            return False
        self._bytes += more
        return bool(more)
