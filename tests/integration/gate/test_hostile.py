"""Hostile modules met by the sandbox alone: no screen reads them, a real Terraform runs them, nothing gets out."""

import shutil
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gate.confinement import python_files
from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.foreign_files import read_file, rewrite_file
from gate.process import Completed, Limits, Supervised, run
from gate.workspace import open_workspace

sys.path.append(str(Path(__file__).parent / "hostile"))

from canary import Canary, canary, left_over

FAKE_PROVIDER = "registry.terraform.io/hashicorp/fake/9.9.9/linux_amd64/terraform-provider-fake_v9.9.9"


@pytest.fixture
def prey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    with canary(tmp_path / "prey") as found:
        for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(name, found.secret)
        yield found


def unscreened(
    files: dict[str, bytes], settings: EngineSettings, *commands: Sequence[str], seconds: float = 60.0
) -> list[Completed]:
    """Run commands on a module as it is; afterwards nothing of it is left, and the next module meets a live engine."""
    engine = find_engine(settings)
    assert engine is not None
    with open_workspace(files, None) as workspace:
        with engine.open(workspace) as session:
            done = [session.run(words, directory="", deadline=time.monotonic() + seconds) for words in commands]
            assert session.run(["version"], directory="", deadline=time.monotonic() + 60).code == 0
        assert left_over(workspace.root) == []
    return done


def words_of(done: Sequence[Completed]) -> str:
    return "".join(result.stdout + result.stderr for result in done)


INIT, TEST = ["init", "-backend=false", "-input=false"], ["test", "-no-color"]


@pytest.mark.checklist("T-26")
def test_T26_an_apply_that_runs_programs_runs_none(prey: Canary, cold_engine: EngineSettings) -> None:
    done = unscreened(prey.module("provisioner"), cold_engine, INIT, TEST)
    assert done[1].code != 0
    assert any(said in words_of(done).lower() for said in ("permission denied", "no such file"))  # shut, or not seen
    prey.unharmed(words_of(done))


@pytest.mark.checklist("T-27", "P-08")
@pytest.mark.parametrize("name", ["environ", "reading"])
def test_T27_functions_read_nothing_of_the_machine(prey: Canary, cold_engine: EngineSettings, name: str) -> None:
    done = unscreened(prey.module(name), cold_engine, INIT, TEST)
    assert "shut" in words_of(done) or "c2h1dA" in words_of(done)
    prey.unharmed(words_of(done))
    assert "root:" not in words_of(done)


@pytest.mark.checklist("T-24")
def test_T24_no_foreign_source_is_fetched(prey: Canary, cold_engine: EngineSettings) -> None:
    done = unscreened(prey.module("sources"), cold_engine, INIT)
    assert done[0].code != 0
    prey.unharmed(words_of(done))


@pytest.mark.checklist("T-21", "T-25")
@pytest.mark.parametrize(
    ("place", "explicit"),
    [("terraform.d/plugins", True), ("terraform.d/plugins", False), ("../home/.terraform.d/plugins", False)],
    ids=["our configuration", "Terraform's own search", "a home directory"],
)
def test_T21_T25_a_planted_provider_never_runs(
    prey: Canary, place: str, explicit: bool, binary: EngineSettings
) -> None:
    """Also where Terraform would take it: without our configuration, `terraform.d` is a mirror to it."""
    engine = find_engine(binary)
    assert engine is not None
    main = b'terraform {\n  required_providers {\n    fake = { source = "hashicorp/fake" }\n  }\n}\n'
    with open_workspace({"main.tf": main}, None) as workspace:
        program = workspace.work / place / FAKE_PROVIDER
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\ntouch {prey.marker}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        environment = workspace.environment if explicit else {**workspace.environment, "TF_CLI_CONFIG_FILE": "/nowhere"}
        with engine.open(replace(workspace, environment=environment)) as session:
            done = [
                session.run(words, directory="", deadline=time.monotonic() + 60)
                for words in (INIT, ["validate", "-no-color"], ["providers", "schema", "-json"])
            ]
        assert left_over(workspace.root) == []
    assert done[1].code != 0
    if not explicit:
        assert "permission denied" in words_of(done)  # it was found, and could not be started
    prey.unharmed(words_of(done))


@pytest.mark.checklist("T-29")
def test_T29_brackets_that_kill_a_parser_kill_one_process(prey: Canary, binary: EngineSettings) -> None:
    files = {"main.tf": b"locals {\n  x = " + b"[" * 200_000 + b"]" * 200_000 + b"\n}\n"}
    done = unscreened(files, replace(binary, memory_bytes=2 << 30), ["validate", "-no-color"])
    assert done[0].code != 0
    prey.unharmed()


@pytest.mark.checklist("T-30", "F-04")
@pytest.mark.parametrize(("name", "limit"), [("bomb-string", "memory"), ("bomb-for", "time")])
def test_T30_expressions_that_explode_end_at_a_limit(
    prey: Canary, binary: EngineSettings, name: str, limit: str
) -> None:
    small = replace(binary, memory_bytes=2 << 30)
    done = unscreened(prey.module(name), small, INIT, TEST, seconds=3.0 if limit == "time" else 60.0)
    assert done[1].limit == limit
    prey.unharmed()


@pytest.mark.checklist("T-28")
def test_T28_no_variable_of_ours_reaches_an_engine(prey: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"TF_VAR_x{number}" for number in range(10)] + [
        *("TF_CLI_ARGS", "TF_CLI_ARGS_init", "TF_DATA_DIR", "TF_PLUGIN_CACHE_DIR", "TF_REATTACH_PROVIDERS", "TF_LOG"),
        *("TF_WORKSPACE", "TF_REGISTRY_CLIENT_TIMEOUT", "TF_LOG_PATH", "TF_CLI_CONFIG_FILE", "HOME", "TMPDIR"),
        *("HTTPS_PROXY", "SSL_CERT_FILE", "LD_PRELOAD", "LD_LIBRARY_PATH", "GODEBUG", "GOMAXPROCS", "PYTHONPATH"),
    ]
    for name in names:
        if not name.startswith(("LD_", "PYTHON", "TMPDIR")):  # these would change this very process
            monkeypatch.setenv(name, prey.secret)
    with open_workspace({}, None) as workspace:
        done = run(
            ["/usr/bin/env"],
            environment=workspace.environment,
            directory=workspace.work,
            limits=Limits(),
            deadline=time.monotonic() + 30,
            confinement=workspace.confinement(),
        )
    golden = {"PATH", "HOME", "TMPDIR", "LANG", "TZ", "TF_CLI_CONFIG_FILE", "TF_IN_AUTOMATION", "TF_INPUT"}
    golden |= {"CHECKPOINT_DISABLE", "AWS_EC2_METADATA_DISABLED"}
    assert {line.split("=", 1)[0] for line in done.stdout.splitlines()} == golden
    prey.unharmed(done.stdout)


STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.write(1, b"x")
            time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


@pytest.mark.checklist("F-04")
def test_F04_a_tree_that_hides_and_ignores_signals_is_gone_at_the_limit() -> None:
    with open_workspace({"stubborn.py": STUBBORN.encode()}, None) as workspace:
        program = Supervised(
            [sys.executable, "-I", "-S", "stubborn.py"],
            environment=workspace.environment,
            directory=workspace.work,
            limits=Limits(),
            confinement=workspace.confinement(readable=python_files()),
        )
        try:
            assert program.read(time.monotonic() + 30, until=lambda: program.stdout == b"xxx")
            assert (
                len(left_over(workspace.root)) >= 6
            )  # launcher, guardian, program, three that hid; what makes namespaces
            assert not program.read(time.monotonic() + 0.2)
        finally:
            program.close()
        assert program.limit == "time"
        assert left_over(workspace.root) == []


def test_a_link_that_an_engine_leaves_behind_leads_nowhere(prey: Canary) -> None:
    secret = prey.folder / "secret"
    with open_workspace({"modules/a/main.tf": b"", "main.tf": b""}, None) as workspace:
        (workspace.work / "main.tf").unlink()
        (workspace.work / "main.tf").symlink_to(secret)
        shutil.rmtree(workspace.work / "modules" / "a")
        (workspace.work / "modules" / "a").symlink_to(prey.folder)
        for path in ("main.tf", "modules/a/secret"):
            with pytest.raises(OSError, match=path.rsplit("/", maxsplit=1)[-1] + "|a'"):
                read_file(workspace.work, path)
            with pytest.raises(OSError, match=path.rsplit("/", maxsplit=1)[-1] + "|a'"):
                rewrite_file(workspace.work, path, b"x")
    prey.unharmed()
