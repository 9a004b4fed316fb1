"""Repairs that make a finding go away without mending it: its cause is gone, turned off, or no longer tested.

Reads the code before and after. A block that Terraform itself cannot read may go; what a scanner complains of may not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from gate.report import Finding, Report
from tfmodule.facts import Block
from tfmodule.files import FileMap
from tfmodule.hcl import parse

_OF_THE_CODE = frozenset({"terrasmith", "terraform"})
_NONE = frozenset({"0", "false", "{}", "[]", "toset([])", "tomap({})"})


def deceptions(before: FileMap, after: FileMap, report: Report) -> tuple[str, ...]:
    """A sentence for each thing that a repair took away instead of mending it; `report` is that of `before`."""
    return (
        *_removed(before, after, report),
        *_turned_off(before, after),
        *_untested(before, after),
    )


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
    assertions = sum(inner.kind == "assert" for run in runs for inner in run.blocks)
    variables = [block for _, block in _blocks(files, ".tf") if block.kind == "variable"]
    return len(runs), assertions, sum(inner.kind == "validation" for one in variables for inner in one.blocks)


def _resources(files: FileMap) -> Iterator[tuple[str, Block]]:
    for path, block in _blocks(files, ".tf"):
        if block.kind == "resource" and len(block.labels) == 2 and not path.startswith(("examples/", "tests/")):
            yield path, block


def _blocks(files: FileMap, ending: str) -> Iterator[tuple[str, Block]]:
    for path in sorted(files):
        if path.endswith(ending):
            yield from ((path, block) for block in parse(path, files[path]).blocks)
