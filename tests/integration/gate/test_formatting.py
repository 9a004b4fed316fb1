"""The formatter with a real engine: canonical text out, everything else untouched, bombs not passed on."""

import shutil

import pytest

from gate.engines.port import EngineSettings
from gate.formatting import formatter

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None, reason="neither terraform nor tofu is on PATH"
)


def test_it_formats_terraform_and_nothing_else() -> None:
    files = {
        "main.tf": b"locals {\na=1\n  bbb = 2\n}\n",
        "README.md": b"a=1\n",
        "tests/x.tftest.hcl": b'run "x" {\ncommand=plan\n}\n',
    }
    done = formatter(EngineSettings())(files)
    assert done["main.tf"] == b"locals {\n  a   = 1\n  bbb = 2\n}\n"
    assert done["tests/x.tftest.hcl"] == b'run "x" {\n  command = plan\n}\n'
    assert done["README.md"] == files["README.md"]


def test_what_nobody_should_parse_is_handed_back() -> None:
    files = {"main.tf": b"locals {\n  a = " + b"[" * 200_000 + b"\n}\n"}
    assert formatter(EngineSettings())(files) is files


def test_a_syntax_error_is_left_for_the_gate_to_tell() -> None:
    files = {"main.tf": b"locals {\n  a = \n"}
    assert formatter(EngineSettings())(files) == files


def test_without_an_engine_nothing_changes() -> None:
    files = {"main.tf": b"locals {\na=1\n}\n"}
    assert formatter(EngineSettings(terraform="/no/such/engine"))(files) is files
