"""The one door that writes HCL: blocks and values in, text out that `terraform fmt` leaves as it is.

Refuses raw text: every string is quoted, so nothing a stranger wrote can end a literal or start an interpolation.
python-hcl2 renders the blocks; what its formatter does otherwise than Terraform's is put right here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from hcl2 import Builder

Value: TypeAlias = "str | int | float | bool | Reference | Sequence[Value] | Mapping[str, Value] | None"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[\d+\])*")
_ASSIGNMENT = re.compile(r"( *)([A-Za-z_][\w-]*|\"(?:[^\"\\]|\\.)*\") += (.*)")
# A list of plain values, which python-hcl2 spreads over lines.
_FLAT_LIST = re.compile(r"\[\n((?: +[^\[\]{}\n]+\n)+) *\]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Reference:
    """A dotted reference such as `module.this.id`; anything else is refused."""

    path: str

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.path):
            raise ValueError(f"not a reference: {self.path!r}")


@dataclass(frozen=True)
class Block:
    """A block with its labels, its attributes, and the blocks inside it."""

    kind: str
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    blocks: "tuple[Block, ...]" = ()


def document(blocks: Sequence[Block]) -> bytes:
    """A whole file, one blank line between blocks, in canonical form."""
    return "\n".join(_render(block) for block in blocks).encode()


def literal(value: Value) -> str:
    """A value as an HCL expression on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return _quoted(value)
        case Reference():
            return value.path
        case Mapping():
            items = ", ".join(f"{_key(key)} = {literal(item)}" for key, item in value.items())
            return f"{{ {items} }}" if items else "{}"
        case Sequence():
            return f"[{', '.join(literal(item) for item in value)}]"


def _render(block: Block) -> str:
    # Imported here: building python-hcl2's grammar costs a second that nobody else should pay.
    import hcl2
    from hcl2.deserializer import DeserializerOptions

    builder = hcl2.Builder()
    _add(builder, block)
    tree = builder.build()  # type: ignore[no-untyped-call]
    text = hcl2.dumps(tree, deserializer_options=DeserializerOptions(object_elements_trailing_comma=False))
    return _canonical(text)


def _add(builder: "Builder", block: Block) -> None:
    attributes: dict[str, Any] = {_name(key): _tree(value) for key, value in block.attributes.items()}
    inner = builder.block(_name(block.kind), labels=[_quoted(label) for label in block.labels], **attributes)
    for child in block.blocks:
        _add(inner, child)


def _tree(value: Value) -> object:
    """A value as python-hcl2 takes it: maps as objects over several lines, everything else as an expression."""
    if isinstance(value, Mapping) and value:
        return {_key(key): _tree(item) for key, item in value.items()}
    return f"${{{literal(value)}}}"


def _canonical(text: str) -> str:
    """Terraform's own spacing: no blank line at an end or twice, `=` aligned among neighbours on one line each."""
    lines: list[str] = []
    for line in _FLAT_LIST.sub(_on_one_line, text).splitlines():
        stripped = line.rstrip()
        opens = bool(lines) and lines[-1].endswith(("{", "[")) if not stripped else False
        if not stripped and (not lines or not lines[-1] or opens):
            continue
        if stripped.strip() in ("}", "]") and lines and not lines[-1]:
            lines.pop()
        lines.append(stripped)
    return "\n".join(aligned(lines)).strip("\n") + "\n"


def _on_one_line(match: re.Match[str]) -> str:
    joined = "[" + " ".join(line.strip() for line in match[1].splitlines()) + "]"
    return joined if len(joined) <= 80 else match[0]


def aligned(lines: Sequence[str]) -> list[str]:
    """The same lines with `=` where `terraform fmt` puts it: aligned among neighbours that take one line each."""
    done: list[str] = []
    group: list[re.Match[str]] = []

    def flush() -> None:
        width = max((len(match[2]) for match in group), default=0)
        done.extend(f"{match[1]}{match[2].ljust(width)} = {match[3]}" for match in group)
        group.clear()

    for line in lines:
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            flush()
            done.append(line)
        elif match[3] in ("{", "["):
            # A value over several lines stands alone.
            flush()
            done.append(f"{match[1]}{match[2]} = {match[3]}")
        else:
            if group and group[0][1] != match[1]:
                flush()
            group.append(match)
    flush()
    return done


def _quoted(text: str) -> str:
    escaped = "".join(_escaped(character) for character in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def _key(key: str) -> str:
    return key if _IDENTIFIER.fullmatch(key) else _quoted(key)


def _name(key: str) -> str:
    if not _IDENTIFIER.fullmatch(key):
        raise ValueError(f"not a name: {key!r}")
    return key
