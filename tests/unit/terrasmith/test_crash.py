"""A crash is no answer: where the exit code 1 means something, a bug of ours ends with 2 and one line."""

import subprocess
import sys

import pytest

CRASH = """
import sys
from terrasmith import main
def broken(): raise ValueError("first\\nsecond")
main.app = broken
sys.argv = ["terrasmith", *sys.argv[1:]]
main.main()
"""


@pytest.mark.parametrize(("command", "code"), [("check", 2), ("web", 1)])
def test_a_crash_is_not_taken_for_an_answer(command: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert ("Traceback" in done.stderr) is (code == 1)
    assert code == 1 or ("ValueError: first" in done.stderr and done.stderr.count("\n") == 1)
