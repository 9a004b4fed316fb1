"""The acceptance test of a module: the one test file whose assertions are the sentences of the request, and what became
of them when it ran.

Knows the file's name and its form, not who wrote it. What it says decides number 49 of the rubric.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gate.report import Finding
from tfmodule.facts import ParsedFile

PATH = "tests/acceptance.tftest.hcl"
UNPROVED = "# Not proved: "
"""Begins the line of a sentence that nobody could make an assertion of. It counts as one that does not hold."""

_UNPROVED_LINE = re.compile(rf"^{re.escape(UNPROVED)}(\S.{{0,400}})$", re.MULTILINE)
_MOST = 100


@dataclass(frozen=True)
class Wish:
    """One sentence of the request, whether the plan shows it, and where not, why and on which line."""

    says: str
    holds: bool
    why: str = ""
    line: int | None = None


def wishes(file: ParsedFile, text: bytes, findings: Iterable[Finding]) -> tuple[Wish, ...]:
    """Each sentence with what the test said; `findings` are those of this file alone, and of a run that ended."""
    errors = [finding for finding in findings if finding.severity == "error"]
    return tuple([*_asserted(file, errors), *_unproved(text)][:_MOST])


def _asserted(file: ParsedFile, errors: list[Finding]) -> Iterator[Wish]:
    blocks = [block for run in file.blocks for block in run.blocks if run.kind == "run" and block.kind == "assert"]
    places = [range(block.line, block.end_line + 1) for block in blocks]
    # What went wrong outside of every assertion kept the run from coming to any.
    general = [one for one in errors if one.path != PATH or not any((one.line or 0) in place for place in places)]
    for block, place in zip(blocks, places, strict=True):
        mine = general or [one for one in errors if one.path == PATH and (one.line or 0) in place]
        says = block.literal("error_message") or block.text("error_message") or ""
        why = "" if not mine or mine[0].message.startswith("Test assertion failed") else mine[0].message
        yield Wish(says, not mine, why, block.line)


def _unproved(text: bytes) -> Iterator[Wish]:
    lines = text.decode("utf-8", "replace")
    for match in _UNPROVED_LINE.finditer(lines):
        yield Wish(match[1], holds=False, why="No test can show it.", line=lines.count("\n", 0, match.start()) + 1)
