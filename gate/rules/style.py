"""Names and order: where everybody expects them."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material
from gate.report import Finding
from tfmodule.facts import Block
from tfmodule.files import printable

_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_NAMED = {"variable": 0, "output": 0, "module": 0, "resource": 1, "data": 1, "ephemeral": 1, "check": 0}
_FIRST = ("count", "for_each", "provider", "source", "version", "providers")
_LAST = ("depends_on",)


def names(material: Material) -> Conclusion:
    """Names are in snake_case, the main resource is `this` or `main`, and no name repeats the type that stands before
    it.
    """
    considered, wrong = 0, list[Finding]()
    for part in material.parts:
        for block in part.blocks(*_NAMED):
            place = _NAMED[block.kind]
            if len(block.labels) > place:
                considered += 1
                wrong += _name(block, block.labels[place])
        for block in part.blocks("locals"):
            considered += len(block.attributes)
            for name, attribute in block.attributes.items():
                if not _SNAKE.fullmatch(name):
                    message = f"The local value `{printable(name)}` is not in snake_case."
                    wrong.append(_finding(message, block.path, attribute.line))
    return counted(wrong, considered, "The module names nothing.")


def _name(block: Block, name: str) -> Iterator[Finding]:
    if not _SNAKE.fullmatch(name):
        yield _finding(f"The name `{name}` is not in snake_case.", block.path, block.line)
    elif block.kind == "resource":
        words = block.labels[0].split("_")[1:]
        if name == "_".join(words) or (len(words) > 1 and "_".join(words) in name):
            message = f"The name of `{'.'.join(block.labels)}` repeats its type."
            yield _finding(message, block.path, block.line, "Call it `this`, or say what it is for.")


def _finding(
    message: str, path: str, line: int, fix: str = "Write it in small letters, digits and underscores."
) -> Finding:
    return Finding("names", "warning", message, path, line, fix=fix)


def order(material: Material) -> Conclusion:
    """In a resource, what decides whether and how often it exists comes first, then arguments, then blocks, then
    tags, and `depends_on` and `lifecycle` last. Required inputs stand before optional ones.
    """
    considered, wrong = 0, list[Finding]()
    for part in material.parts:
        for block in part.blocks("resource", "data", "module"):
            considered += 1
            wrong += list(_disorder(block))[:1]
        for file in part.files:
            variables = [block for block in file.blocks if block.kind == "variable"]
            considered += bool(variables)
            wrong += list(_late(variables))[:1]
    return counted(wrong, considered, "The module has no resource and no input.")


def _disorder(block: Block) -> Iterator[Finding]:
    """What stands where it is not expected, the first only: the others follow from it."""
    ranked = [(one.line, _rank(name), name) for name, one in block.attributes.items()]
    ranked += [(one.line, 4 if one.kind in ("lifecycle", "timeouts") else 2, one.kind) for one in block.blocks]
    highest, before = -1, ""
    for line, rank, name in sorted(ranked):
        if rank < highest:
            message = f"`{name}` stands behind `{before}`."
            fix = "Order: count or for_each, arguments, blocks, tags, depends_on, lifecycle."
            yield Finding("order", "warning", message, block.path, line, fix=fix)
        if name not in ("tags", "labels") and rank > highest:
            highest, before = rank, name


def _rank(name: str) -> int:
    if name in _FIRST:
        return 0
    if name in ("tags", "labels"):
        return 3
    return 4 if name in _LAST else 1


def _late(variables: list[Block]) -> Iterator[Finding]:
    optional = None
    for block in variables:
        if "default" in block.attributes:
            optional = optional or block
        elif optional is not None:
            message = f'The required input "{"".join(block.labels[:1])}" stands behind optional ones.'
            yield Finding("order", "warning", message, block.path, block.line, fix="Put the required inputs first.")
