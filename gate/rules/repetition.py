"""How things are repeated: flags by `count` on what is known, collections by `for_each` with keys that stay."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from tfmodule.expressions import Expression, read_expression
from tfmodule.facts import Attribute, Block

RULE = "stable-keys"
_KNOWN = frozenset({"var", "local", "each", "count", "path", "terraform", "data"})
# `{ for index, value in list : index => value }`: the key is the place.
_BY_PLACE = re.compile(r"\bfor\s+(\w+)\s*,\s*\w+\s+in\b[^:]{0,500}:\s*(?:tostring\()?\s*\1\b")


def stable_keys(material: Material) -> Conclusion:
    """Counting over a list gives its members numbers: take one out, and all behind it are destroyed and made again.
    Collections are repeated by `for_each` with keys that stay, switches by `count` with `? 1 : 0`.
    """
    repeated = [(part, block, one) for part in material.parts for block, one in _repeated(part)]

    def wrong() -> Iterator[Finding]:
        for part, block, one in repeated:
            message, fix = _problem(part, one)
            if message:
                yield Finding(RULE, "warning", message, block.path, one.line, fix=fix)

    return counted(wrong(), len(repeated), "Nothing is repeated or optional.")


def _repeated(part: Part) -> Iterator[tuple[Block, Attribute]]:
    for block in part.blocks("resource", "data", "module"):
        for name in ("count", "for_each"):
            if name in block.attributes:
                yield block, block.attributes[name]


def _problem(part: Part, attribute: Attribute) -> tuple[str, str]:
    expression = read_expression(attribute.text)
    foreign = next((one for one in expression.references if not _is_known(one.parts)), None)
    if attribute.name == "count" and _counts_a_list(part, attribute, expression):
        return (
            "`count` over a list: taking a member out destroys all behind it.",
            "Use `for_each` with a key that stays, such as the name.",
        )
    if attribute.name == "count" and foreign is not None:
        return (
            f"`count` depends on `{'.'.join(foreign.parts)}`, which is not known before it is made.",
            "Let an input decide.",
        )
    if attribute.name == "for_each" and (_BY_PLACE.search(attribute.text[:5000]) or "range" in expression.calls):
        return (
            "`for_each` takes places for keys: taking a member out moves all behind it.",
            "Use a key that stays, such as the name.",
        )
    return "", ""


def _is_known(parts: tuple[str, ...]) -> bool:
    return parts[0] in _KNOWN or "_" not in parts[0]


def _counts_a_list(part: Part, attribute: Attribute, expression: Expression) -> bool:
    text = attribute.text
    if "?" in text and re.search(r":\s*\d+\s*$|\?\s*\d+\s*:", text):
        return False
    if "length" in expression.calls:
        return True
    # One step through a local value is enough to hide it.
    for one in expression.references:
        found = part.local_expressions.get(one.parts[1]) if one.parts[0] == "local" else None
        if found is not None and "length" in found.calls and "?" not in part.locals[one.parts[1]].text:
            return True
    return False
