"""What an engine is chosen by: its version, the providers a module asks for, and the words on the wire."""

import socket
from pathlib import Path

import pytest

from gate.engines import wire
from gate.engines.needs import choose, demands_of
from gate.engines.port import EngineBusyError, EngineSettings
from gate.engines.running_provider import provider_program
from gate.engines.server import EngineServer
from gate.engines.supported import complaint, read_version
from gate.engines.turns import turn
from gate.engines.warm import ask
from gate.judge import judge
from tfmodule.hcl import parse

AWS = "registry.terraform.io/hashicorp/aws"


def demands(**files: str):
    code = {path.replace("__", "/") + ".tf": text.encode() for path, text in files.items()}
    return demands_of({path: parse(path, data) for path, data in code.items()})


def required(constraint: str) -> str:
    entry = f'aws = {{ source = "hashicorp/aws", version = "{constraint}" }}'
    return f"terraform {{\n  required_providers {{\n    {entry}\n  }}\n}}\n"


@pytest.mark.parametrize(
    ("files", "available", "chosen"),
    [
        ({"main": required(">= 5.0")}, ["4.9.0", "5.1.0", "5.100.0"], "5.100.0"),
        ({"main": 'resource "aws_x" "y" {}'}, ["5.1.0", "5.100.0"], "5.100.0"),
        ({"main": required("< 5.50")}, ["5.1.0", "5.100.0"], "5.1.0"),
        ({"main": required(">= 6.0")}, ["5.1.0"], None),
        ({"main": required("latest")}, ["5.1.0"], None),
        ({"main": required(">= 5.0")}, [], None),
        # Two configurations that `init` would give two versions cannot share a running one.
        ({"main": required(">= 5.0"), "examples__old__main": required("< 5.50")}, ["5.1.0", "5.100.0"], None),
        ({"main": required(">= 5.0"), "examples__old__main": required("< 5.50")}, ["5.1.0"], "5.1.0"),
        # A submodule's word counts everywhere, and so does the old place of a constraint.
        ({"main": required(">= 5.0"), "modules__a__main": required("< 5.50")}, ["5.1.0", "5.100.0"], "5.1.0"),
        ({"main": 'provider "aws" {\n  version = "5.1.0"\n}'}, ["5.1.0", "5.100.0"], "5.1.0"),
    ],
)
def test_a_provider_runs_in_the_version_that_init_would_choose(files, available, chosen) -> None:
    assert choose(demands(**files), {AWS: available}).get(AWS) == chosen


def test_the_built_in_provider_is_no_provider_to_run() -> None:
    assert demands(main='resource "terraform_data" "x" {}') == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Terraform v1.5.7", "too old"),
        ("OpenTofu v1.5.0", "too old"),
        ("Terraform v2.0.0", "newer than"),
        ("Terraform v1.6.0\non linux_amd64", None),
        ("Terraform v1.15.5", None),
        ("OpenTofu v1.11.0", None),
    ],
)
def test_which_versions_may_judge(text: str, word: str | None) -> None:
    found = read_version(text)
    assert found
    said = complaint(*found)
    assert (said is None) if word is None else (said is not None and word in said and "1.6" in said)


def test_a_version_that_may_not_judge_leaves_it_open(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\necho 'Terraform v1.5.7'\n")
    program.chmod(0o755)
    files = {"main.tf": b'variable "x" {\n  type = string\n}\n'}
    report = judge(files, profile="safety", engine=EngineSettings(str(program), sandbox="trusted-local"))
    if report.engine != "none":  # a script needs a shell, which the sandbox does not give it
        assert (report.verdict, [finding.rule for finding in report.findings]) == ("undecided", ["engine"])
        assert "too old" in report.findings[0].message


def test_files_come_through_the_wire_as_they_are() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"a": [1]}, {"work/main.tf": b"x\0y", "modules/0/.terraform/m": b""})
        assert wire.receive(theirs) == ({"a": [1]}, {"work/main.tf": b"x\0y", "modules/0/.terraform/m": b""})


@pytest.mark.checklist("T-28")
@pytest.mark.parametrize("path", ["work/../x", "/etc/passwd", "home/x", "work", "work/", "cli.tfrc", "work/a\0b"])
def test_a_file_that_belongs_nowhere_is_refused(path: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(wire.WireError):
        wire.send(ours, {}, {path: b""})
        wire.receive(theirs)


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\2\0\0\0\0[]", b"\xff" * 8, b'\0\0\0\x19\0\0\0\1{"files": [["work/a", 9]]}x']
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(wire.WireError):
            wire.receive(theirs)


def test_nobody_listens(tmp_path: Path) -> None:
    stale = tmp_path / "e.sock"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(stale))
    assert ask(stale, "hello") is None
    assert ask(tmp_path / "nothing.sock", "hello") is None


def test_a_socket_of_too_long_a_name_is_told(tmp_path: Path) -> None:
    from core.errors import UserError

    with pytest.raises(UserError, match="too long"):
        EngineServer(EngineSettings(), tmp_path / ("x" * 120))


def test_turns_are_shared_and_given_back(tmp_path: Path) -> None:
    with turn(tmp_path, 2, 0), turn(tmp_path, 2, 0), pytest.raises(EngineBusyError), turn(tmp_path, 2, 0):
        pass
    with turn(tmp_path, 1, 0):
        pass


def test_the_program_of_a_provider_is_one_that_can_be_started(tmp_path: Path) -> None:
    assert provider_program(None, AWS, "5.1.0") is None
    assert provider_program(tmp_path, AWS, "5.1.0") is None
