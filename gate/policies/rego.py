"""Asks the evaluator: starts its process, confined and bounded, and takes its answers as values. Never raises for a
policy.

Whoever writes policies is trusted to decide, and not to keep a worker busy for ever, fill its memory, or end it.
"""

import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.confinement import Confinement, python_files
from gate.policies.rego_text import Problem
from gate.process import Limits, Supervised

_SCRIPT = Path(__file__).with_name("rego_process.py")
_KEEP_WORDS = 200
_CPU_SECONDS = 600
# snmalloc, the allocator inside the evaluator, reserves so much address space at its start; it uses next to none.
_RESERVED_BYTES = (256 << 30) + (64 << 20)


@dataclass(frozen=True)
class RegoLimits:
    """For one set of policies on one module; what goes beyond is no answer."""

    seconds: float = 10.0
    memory_bytes: int = 1 << 30
    """Beside the address space that the evaluator reserves for its own book-keeping."""
    output_bytes: int = 8 << 20


DEFAULT_LIMITS = RegoLimits()


@dataclass(frozen=True)
class Answer:
    """One query's: a value, or nothing where it is undefined, or why there is none."""

    value: Any = None
    undefined: bool = False
    error: str = ""


@dataclass(frozen=True)
class Question:
    """An input, as JSON text, with what is asked about it; `data` where it is not that of all questions."""

    document: str
    queries: tuple[str, ...]
    data: Mapping[str, Any] | None = None


@dataclass
class Evaluator:
    """One process with policies loaded. `problems` are those of its parser, and then it answers nothing."""

    limits: RegoLimits
    program: Supervised
    problems: tuple[Problem, ...] = ()
    broken: str = ""
    """Why it says nothing more."""

    def ask(self, question: Question) -> Iterator[Answer]:
        """An answer for each query, in order. The one that met a limit says so, and those after it as well."""
        deadline = time.monotonic() + self.limits.seconds
        if not self.broken and not self.problems:
            rest = json.dumps({"data": question.data, "queries": question.queries})
            self.program.send(f'{{"input":{question.document},{rest[1:]}\n'.encode())
        for _ in question.queries:
            yield self._answer(deadline)

    def _answer(self, deadline: float) -> Answer:
        if self.problems:
            return Answer(error="the policies cannot be read")
        line = None if self.broken else self.line(deadline)
        if line is None:
            return Answer(error=self.broken)
        if "error" in line:
            return Answer(error=str(line["error"]) or _UNSAID)
        return Answer(undefined=True) if line.get("undefined") else Answer(line.get("value"))

    def line(self, deadline: float) -> Mapping[str, Any] | None:
        """The next line of the process; None when there is none, and then `broken` says why."""
        out = self.program.stdout
        self.program.read(deadline, until=lambda: b"\n" in out)
        end = out.find(b"\n")
        if end >= 0:
            piece = bytes(out[:end])
            del out[: end + 1]
            try:
                return dict(json.loads(piece))
            except (ValueError, TypeError, RecursionError):
                self.broken = "the evaluator's answer cannot be read"
                return None
        self.broken = self._ended()
        return None

    def _ended(self) -> str:
        self.program.close(wait=self.program.limit is None)
        if self.program.limit == "time":
            return f"it was stopped after {self.limits.seconds:g} seconds"
        if self.program.limit is not None:
            return f"it was stopped: it reached the {self.program.limit} limit"
        if b"bad_alloc" in self.program.stderr:
            return "it was stopped: it reached the memory limit"
        words = self.program.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:_KEEP_WORDS]
        return f"the evaluator died of it ({words or self.program.code})"


_UNSAID = (
    "a built-in function got what it does not take, or a rule has two different values; "
    "`terrasmith policy test` helps to find which"
)


@contextmanager
def evaluator(
    modules: Mapping[str, str], data: Mapping[str, Any], limits: RegoLimits = DEFAULT_LIMITS
) -> Iterator[Evaluator]:
    """A process with these policies and data. Ended, with all it holds, at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="terrasmith-policy-") as name:
        folder = Path(name).resolve()
        program = Supervised(
            [sys.executable, "-I", str(_SCRIPT)],
            environment={"PATH": "", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"},
            directory=folder,
            limits=Limits(
                memory_bytes=_RESERVED_BYTES + limits.memory_bytes,
                # The clock on the wall decides; this ends what nobody waits for any more.
                cpu_seconds=_CPU_SECONDS,
                file_bytes=1 << 20,
                output_bytes=limits.output_bytes,
            ),
            # As much as this kernel can: a policy has no built-in function that reaches out, and this is the second
            # wall.
            confinement=Confinement(readable=(*python_files(), _SCRIPT), required=False),
            stdin=True,
        )
        try:
            asked = Evaluator(limits, program)
            program.send(json.dumps({"modules": modules, "data": data}).encode() + b"\n")
            loaded = asked.line(time.monotonic() + limits.seconds)
            if loaded is not None:
                asked.problems = tuple(
                    Problem(f"{one['message']}.", one["path"], one["line"], "Correct it.") for one in loaded["problems"]
                )
            elif not available():
                asked.broken = "the package `regopy` is not installed"
            yield asked
        finally:
            program.close()


def available() -> bool:
    """Whether the evaluator is installed."""
    return importlib.util.find_spec("regopy") is not None


def ask_once(
    modules: Mapping[str, str],
    data: Mapping[str, Any],
    questions: Iterable[Question],
    limits: RegoLimits = DEFAULT_LIMITS,
) -> tuple[tuple[Problem, ...], Sequence[Sequence[Answer]]]:
    """All questions in one process; what is wrong with the policies' texts beside it."""
    with evaluator(modules, data, limits) as asked:
        return asked.problems or _unloaded(asked), [list(asked.ask(one)) for one in questions]


def _unloaded(asked: Evaluator) -> tuple[Problem, ...]:
    return (Problem(f"The policies cannot be evaluated: {asked.broken}.", "", 0),) if asked.broken else ()
