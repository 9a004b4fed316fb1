"""Repairs that make a finding go away without mending it: its cause is gone, turned off, or no longer tested.

Reads the code before and after, and what the plans of both show. A block that Terraform itself cannot read may go; what
a scanner complains of may not.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from gate.proof.values import Proof, Scenario
from gate.report import Finding, Report
from tfmodule.facts import Block
from tfmodule.files import FileMap
from tfmodule.hcl import parse

_OF_THE_CODE = frozenset({"terrasmith", "terraform"})
_NONE = frozenset({"0", "false", "{}", "[]", "toset([])", "tomap({})"})
_TEXT = re.compile(r'"(?:[^"\\$]|\\.|\$(?!\{))*"')
_NAME = re.compile(r"[A-Za-z_][\w-]*\s*[.\[]")
_ALWAYS = re.compile(r"\|\|\s*true\b|\btrue\s*\|\|")


def deceptions(before: FileMap, after: FileMap, report: Report) -> tuple[str, ...]:
    """A sentence for each thing that a repair took away instead of mending it; `report` is that of `before`."""
    return (
        *_removed(before, after, report),
        *_turned_off(before, after),
        *_untested(before, after),
    )


def is_about_security(report: Report) -> bool:
    """Whether a scanner found something that must be mended: what is not there any more has no findings either."""
    return any(one.source not in _OF_THE_CODE for one in report.errors)


def vanished(before: FileMap, after: FileMap, proof: Proof) -> tuple[str, ...]:
    """A sentence for each type of which an example plans fewer instances, though the code declares as many."""
    had, has = (Counter(block.labels[0] for _, block in _resources(files)) for files in (before, after))
    told = [
        f"{scenario.name} plans {count} {kind} fewer instead of a mended one."
        for scenario in proof.scenarios
        for kind, count in sorted((_fewer(scenario) - (had - has)).items())
    ]
    return tuple(told)


def _fewer(scenario: Scenario) -> Counter[str]:
    gone = Counter(change.type for change in scenario.changes if change.actions == ("delete",))
    return gone - Counter(change.type for change in scenario.changes if change.actions == ("create",))


def _removed(before: FileMap, after: FileMap, report: Report) -> Iterator[str]:
    """Types of which there are fewer; a new name for one is none less."""
    had, has = (Counter(block.labels[0] for _, block in _resources(files)) for files in (before, after))
    wrong = Counter(
        block.labels[0] for path, block in _resources(before) if _is_wrong_itself(path, block, report.errors)
    )
    for kind, count in sorted((had - has - wrong).items()):
        what = f"the {kind}" if had[kind] == 1 else f"{count} of {had[kind]} {kind}"
        yield f"It removed {what} instead of mending it."


def _is_wrong_itself(path: str, block: Block, errors: Iterable[Finding]) -> bool:
    """Terraform has no such thing, or has it twice: then it may go."""
    return any(
        one.source in _OF_THE_CODE
        and one.path == path
        and one.line is not None
        and block.line <= one.line <= block.end_line
        for one in errors
    )


def _turned_off(before: FileMap, after: FileMap) -> Iterator[str]:
    off = {tuple(block.labels) for _, block in _resources(before) if _is_off(block)}
    for path, block in _resources(after):
        if _is_off(block) and tuple(block.labels) not in off:
            yield f"It turned {'.'.join(block.labels)} off (`{path}`, line {block.line}) instead of mending it."


def _is_off(block: Block) -> bool:
    words = (block.attributes[name].text for name in ("count", "for_each") if name in block.attributes)
    return any("".join(text.split()) in _NONE for text in words)


def _untested(before: FileMap, after: FileMap) -> Iterator[str]:
    for name, had, has in zip(_PROOFS, _proofs(before), _proofs(after), strict=True):
        if has < had:
            yield f"It left {had - has} of {had} {name} out."


_PROOFS = ("test runs", "assertions", "validations")


def _proofs(files: FileMap) -> tuple[int, int, int]:
    runs = [block for _, block in _blocks(files, ".tftest.hcl") if block.kind == "run"]
    assertions = sum(inner.kind == "assert" and _proves(inner) for run in runs for inner in run.blocks)
    variables = [block for _, block in _blocks(files, ".tf") if block.kind == "variable"]
    validations = sum(inner.kind == "validation" and _proves(inner) for one in variables for inner in one.blocks)
    return len(runs), assertions, validations


def _proves(block: Block) -> bool:
    """Whether its condition can be false at all: it looks at something, and is not true whatever that is."""
    condition = _TEXT.sub('""', block.text("condition") or "")
    return _NAME.search(condition) is not None and _ALWAYS.search(condition) is None


def _resources(files: FileMap) -> Iterator[tuple[str, Block]]:
    for path, block in _blocks(files, ".tf"):
        if block.kind == "resource" and len(block.labels) == 2 and not path.startswith(("examples/", "tests/")):
            yield path, block


def _blocks(files: FileMap, ending: str) -> Iterator[tuple[str, Block]]:
    for path in sorted(files):
        if path.endswith(ending):
            yield from ((path, block) for block in parse(path, files[path]).blocks)
