"""Scanners that are programs on PATH, each run in a clean folder with the module's code and our configuration.

Knows how they are started and how they fail; what each says is read in its own file.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.confinement import Confinement
from gate.foreign_files import temporary, write_file
from gate.process import Completed, Limits, run
from gate.scanning.scanner import Scan, problem
from gate.scanning.warm import ScannerError, ScannerSettings
from tfmodule.files import FileMap, check_path

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)\S*")
_LIMITS = Limits(file_bytes=256 << 20, output_bytes=32 << 20)


@dataclass(frozen=True)
class Program:
    """One program in a place prepared for one scan."""

    name: str
    path: str
    root: Path
    work: Path
    """Holds the module's `.tf` files."""
    settings: ScannerSettings
    deadline: float

    def run(self, *arguments: str) -> Completed:
        """Raises ScannerError when it was stopped or could not start."""
        return self._run(arguments, ())

    def run_talking(self, *arguments: str) -> Completed:
        """The same for a program that speaks with another process of its own through a socket in its home."""
        return self._run(arguments, (self.root / "home",))

    def _run(self, arguments: Sequence[str], sockets: tuple[Path, ...]) -> Completed:
        done = run(
            [self.path, *arguments],
            environment=self._environment(),
            directory=self.work,
            limits=_LIMITS,
            deadline=self.deadline,
            confinement=Confinement(
                readable=(self.root, *self.settings.trusted_paths),
                executable=self.settings.trusted_paths,
                writable=(self.root / "home",),
                sockets=sockets,
                required=self.settings.contained,
            ),
        )
        if done.code is None or done.code in (126, 127):
            why = f"it reached the {done.limit} limit" if done.limit else "it did not run"
            raise self.failed(why)
        return done

    def version(self, *arguments: str) -> tuple[int, int, int]:
        match = _VERSION.search(self.run(*arguments).stdout)
        if match is None:
            raise self.failed("it does not tell its version")
        return (int(match.group(1)), int(match.group(2)), int(match.group(3)))

    def json(self, done: Completed, *, good: Sequence[int]) -> Mapping[str, Any]:
        """Its answer, or ScannerError."""
        if done.code not in good:
            last = done.stderr.strip().rsplit("\n", 1)[-1][:200]
            raise self.failed(f"it ended with code {done.code}: {last}" if last else f"it ended with code {done.code}")
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise self.failed("its answer is no JSON") from None
        if not isinstance(answer, dict):
            raise self.failed("its answer is not understood")
        return answer

    def failed(self, why: str) -> ScannerError:
        fix = f"Run `{self.name}` on the module by hand, mend or update it, or take it off the PATH of Terrasmith."
        return ScannerError(f"`{self.name}` did not scan the module: {why}.", fix)

    def file(self, name: str, text: str) -> str:
        """A file of ours, outside of what is scanned."""
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _environment(self) -> dict[str, str]:
        home = str(self.root / "home")
        return {"PATH": "", "HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "TZ": "UTC"}


@contextmanager
def prepared(name: str, settings: ScannerSettings, files: FileMap) -> Iterator[Program | None]:
    """The program, if it is on PATH, with the module's code laid out for it."""
    path = shutil.which(name)
    if path is None:
        yield None
        return
    with temporary(name) as root:
        for part in ("work", "home"):
            (root / part).mkdir()
        for file, data in files.items():
            if file.endswith(".tf"):
                check_path(file)
                write_file(root / "work", file, data)
        deadline = time.monotonic() + settings.timeout_seconds
        yield Program(name, str(Path(path).absolute()), root, root / "work", settings, deadline)


def scanned_by(source: str, settings: ScannerSettings, files: FileMap, read: Callable[[Program], Scan]) -> Scan | None:
    """What a program on PATH found; None where there is none. What is not understood is never a clean scan."""
    with prepared(source, settings, files) as program:
        if program is None:
            return None
        try:
            return read(program)
        except ScannerError as error:
            return Scan(problems=(problem(error.message, error.fix),))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            failure = program.failed(f"its answer is not understood ({type(error).__name__})")
            return Scan(problems=(problem(failure.message, failure.fix),))
