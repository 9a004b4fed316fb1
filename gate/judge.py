"""The one door of the gate: files in, report out. Runs the checks in order; never raises for what a module contains."""

from gate.engine import EngineSettings
from gate.policy import Policy
from gate.report import Profile, Report
from tfmodule.files import FileMap


def judge(files: FileMap, *, profile: Profile, engine: EngineSettings, policy: Policy | None = None) -> Report:
    """Judge a module by a profile. "undecided" means that nobody could tell: no engine, provider or sandbox, or a limit."""
    raise NotImplementedError
