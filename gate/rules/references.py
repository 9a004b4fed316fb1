"""What is declared and never used, and what is used and never declared."""

from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from tfmodule.facts import Block

RULE = "unused"


def unused(material: Material) -> Conclusion:
    """What nothing refers to is a mistake or a leftover, and its readers cannot tell which."""
    considered, wrong = 0, list[Finding]()
    for part in material.parts:
        declared = dict(_declared(part))
        used = _used(part)
        considered += len(declared)
        for names, (block, line) in declared.items():
            if names not in used:
                message = f"`{'.'.join(names)}` is never used."
                wrong.append(Finding(RULE, "warning", message, block.path, line, fix="Use it, or remove it."))
        wrong += _undeclared(part, declared)
    return counted(wrong, considered, "The module declares nothing.")


def _declared(part: Part) -> Iterator[tuple[tuple[str, ...], tuple[Block, int]]]:
    for block in part.blocks("variable"):
        if block.labels:
            yield ("var", block.labels[0]), (block, block.line)
    for block in part.blocks("locals"):
        for name, attribute in block.attributes.items():
            yield ("local", name), (block, attribute.line)
    for block in part.blocks("data"):
        if len(block.labels) == 2:
            yield ("data", *block.labels), (block, block.line)


def _used(part: Part) -> set[tuple[str, ...]]:
    """A variable that only its own validation looks at is not used."""
    used: set[tuple[str, ...]] = set()
    for block, _, expression in part.expressions:
        for one in expression.references:
            names = one.parts[: 3 if one.parts[0] == "data" else 2]
            if not (block.kind == "variable" and names == ("var", *block.labels[:1])):
                used.add(names)
    return used


def _undeclared(part: Part, declared: dict[tuple[str, ...], tuple[Block, int]]) -> Iterator[Finding]:
    for block, attribute, expression in part.expressions:
        for one in expression.references:
            if one.parts[0] in ("var", "local") and one.parts[:2] not in declared:
                message = f"`{'.'.join(one.parts[:2])}` is not declared."
                yield Finding(RULE, "warning", message, block.path, attribute.line + one.line, fix="Declare it.")
