"""Brings a module's files to `terraform fmt` form with the engine that judges them. Changes nothing else."""

import time
from collections.abc import Callable

from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.foreign_files import read_file
from gate.phases import FORMATTED
from gate.workspace import open_workspace
from tfmodule.files import FileMap
from tfmodule.hcl import parse

_SECONDS = 30.0


def formatter(settings: EngineSettings) -> Callable[[FileMap], FileMap]:
    """A function that formats; without an engine, or on files it cannot read, it hands back what it was given."""

    def formatted(files: FileMap) -> FileMap:
        engine = find_engine(settings)
        # What our own bounded reader would not hand to another parser is not handed to this one either.
        if engine is None or not _readable(files):
            return files
        with open_workspace(files, None) as place, engine.open(place) as session:
            session.run(["fmt", "-recursive", "-list=false"], directory="", deadline=time.monotonic() + _SECONDS)
            return {
                path: read_file(place.work, path) if path.endswith(FORMATTED) else data for path, data in files.items()
            }

    return formatted


def _readable(files: FileMap) -> bool:
    parsed = (parse(path, data) for path, data in files.items() if path.endswith(FORMATTED))
    return all(problem.readable for file in parsed for problem in file.problems)
