"""The type of an output as far as its expression shows it, and whether a new one breaks those who read the old.

Evaluates nothing. Where the expression does not tell, the type is `any`, and nothing is said about it.
"""

import re
from collections.abc import Iterator, Mapping

from tfmodule.conditions import flat
from tfmodule.types import ANY, Attribute, Type, parse_type

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_VARIABLE = re.compile(r"var\.([A-Za-z_][\w-]*)")
_PLACE = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[[^\[\]]*\]|\.\*)*")
_CALL = re.compile(r"([a-z_0-9]+)\((.*)\)", re.DOTALL)
_MEMBER = re.compile(r'(?:"([^"$%\\]+)"|([A-Za-z_][\w-]*))[=:](?!=)(.*)', re.DOTALL)
_RESULTS: Mapping[str, str] = {
    **dict.fromkeys(("tostring", "jsonencode", "yamlencode", "format", "join", "lower", "upper", "base64encode",
                     "replace", "trimspace", "trimprefix", "trimsuffix", "sha256", "md5"), "string"),
    **dict.fromkeys(("tonumber", "length", "ceil", "floor", "abs", "parseint"), "number"),
    **dict.fromkeys(("tobool", "contains", "can", "startswith", "endswith", "alltrue", "anytrue"), "bool"),
    **dict.fromkeys(("tolist", "split", "sort", "formatlist"), "list(any)"),
    "toset": "set(any)",
    "tomap": "map(any)",
    "keys": "list(string)",
}  # fmt: skip
_DEEPEST = 16
_MOST_TEXT = 500_000
"""Characters of all expressions of a module: one local that a thousand outputs hold is read a thousand times."""
_FAMILIES = {"tuple": "list", "object": "map"}


class Shapes:
    """The types of one module's expressions. The same expression is looked at once; after much text all are `any`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: dict[str, str] = {}
        self._left = _MOST_TEXT

    def of(self, expression: str) -> str:
        """As `shape_of` gives it."""
        if expression not in self._known:
            self._left -= len(expression)
            self._known[expression] = shape_of(expression, self._variables) if self._left >= 0 else "any"
        return self._known[expression]


def shape_of(expression: str, variables: Mapping[str, str]) -> str:
    """A type as Terraform writes it; `variables` are the types of those that the module declares."""
    return _written(_shape(_members_parted(expression), variables, 0))


def wrapped(old: str, new: str) -> bool:
    """Whether one expression is the other inside a list, or every instance instead of one: certainly another type."""
    before, after = flat(old), flat(new)
    if before in (f"[{after}]", f"tolist([{after}])") or after in (f"[{before}]", f"tolist([{before}])"):
        return True
    if not (_PLACE.fullmatch(before) and _PLACE.fullmatch(after)):
        return False
    bare = [re.sub(r"\[[^\]]*\]|\.\*", "", one) for one in (before, after)]
    return bare[0] == bare[1] and _is_splat(before) != _is_splat(after)


def breaks(old: Type, new: Type) -> bool:
    """Whether a reference that was right may be refused, or get a value of another type."""
    if "any" in (old.kind, new.kind):
        return False
    first, second = (_FAMILIES.get(one.kind, one.kind) for one in (old, new))
    if first != second:
        return True
    if old.kind == "object" and new.kind == "object":
        gone = old.attributes.keys() - new.attributes.keys()
        kept = old.attributes.keys() & new.attributes.keys()
        return bool(gone) or any(breaks(old.attributes[one].type, new.attributes[one].type) for one in kept)
    return any(breaks(one, other) for one, other in zip(old.of, new.of, strict=False))


def _members_parted(text: str) -> str:
    """Without layout, but with a comma where the line of an object's member ends."""
    found, stack = [], [""]
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|.', text, re.DOTALL):
        piece = match.group()
        if piece in "([{":
            stack.append(piece)
        elif piece in ")]}" and len(stack) > 1:
            stack.pop()
        if piece == "\n" and stack[-1] == "{":
            found.append(",")
        elif not piece.isspace() and not piece.startswith(("#", "//")):
            found.append(piece)
    return "".join(found)


def _shape(text: str, variables: Mapping[str, str], depth: int) -> Type:
    if depth > _DEEPEST:
        return ANY
    while text.startswith("(") and text.endswith(")") and _whole(text):
        text = text[1:-1]
    if _NUMBER.fullmatch(text) or text in ("true", "false"):
        return Type("bool" if text[0] in "tf" else "number")
    if _TEXT.fullmatch(text):
        # A template that is nothing but one expression has the type of the expression.
        return ANY if text.startswith(('"${', '"%{')) and text.endswith('}"') else Type("string")
    if text.startswith("[") and _whole(text):
        return _sequence(text[1:-1], variables, depth)
    if text.startswith("{") and _whole(text):
        return _object(text[1:-1], variables, depth)
    if variable := _VARIABLE.fullmatch(text):
        return parse_type(variables.get(variable.group(1), "any")) or ANY
    if (call := _CALL.fullmatch(text)) and _whole(text[len(call.group(1)) :]):
        return parse_type(_RESULTS.get(call.group(1), "any")) or ANY
    if _PLACE.fullmatch(text) and _is_splat(text):
        return Type("list", of=(ANY,))
    return Type("string") if _PLACE.fullmatch(text) and text.endswith((".arn", ".id")) and "." in text else ANY


def _sequence(inner: str, variables: Mapping[str, str], depth: int) -> Type:
    parts = [one for one in _parts(inner) if one]
    if inner.startswith("for") and ":" in inner:
        return Type("list", of=(ANY,))
    return Type("tuple", of=tuple(_shape(one, variables, depth + 1) for one in parts))


def _object(inner: str, variables: Mapping[str, str], depth: int) -> Type:
    members: dict[str, Attribute] = {}
    for part in _parts(inner):
        match = _MEMBER.fullmatch(part)
        if match is None and part:
            return Type("map", of=(ANY,))
        if match is not None:
            name = match.group(1) or match.group(2)
            members[name] = Attribute(_shape(match.group(3), variables, depth + 1))
    return Type("object", attributes=members)


def _parts(text: str) -> Iterator[str]:
    depth, part = 0, ""
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|.', text, re.DOTALL):
        piece = match.group()
        depth += (piece in "([{") - (piece in ")]}")
        if piece == "," and depth == 0:
            yield part
            part = ""
        else:
            part += piece
    yield part


def _whole(text: str) -> bool:
    """Whether the bracket that opens it closes at its end."""
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|.', text, re.DOTALL):
        depth += (match.group() in "([{") - (match.group() in ")]}")
        if depth == 0:
            return match.end() == len(text)
    return False


def _is_splat(text: str) -> bool:
    return "[*]" in text or ".*" in text


def _written(shape: Type) -> str:
    if shape.kind == "object":
        return "object({" + ",".join(f"{k}={_written(v.type)}" for k, v in sorted(shape.attributes.items())) + "})"
    if shape.kind == "tuple":
        return "tuple([" + ",".join(_written(one) for one in shape.of) + "])"
    return f"{shape.kind}({_written(shape.of[0])})" if shape.of else shape.kind
