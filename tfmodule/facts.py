"""The values that Terraform code is read into: blocks, and what a module declares.

Lines count from 1. No parser here, and no judgement.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SyntaxProblem:
    """`readable` is False where no other parser should see the text: over a cap, no text, or two readers disagree."""

    path: str
    line: int
    column: int
    message: str
    readable: bool = True


@dataclass(frozen=True)
class Span:
    """Byte offsets into the file: where the name starts, where the expression starts, and where it ends."""

    start: int
    value: int
    end: int


@dataclass(frozen=True)
class Attribute:
    """`name = expression`. `text` is the expression as written; `literal` its value when it is a plain string."""

    name: str
    text: str
    literal: str | None
    line: int
    members: Mapping[str, "Attribute"] = field(default_factory=dict)
    """The members of an object expression with plain keys, one level deep."""
    span: Span = Span(0, 0, 0)
    """Where it stands, for whoever edits the file."""


@dataclass(frozen=True)
class Block:
    """`kind "label" { … }` with everything in it."""

    kind: str
    labels: tuple[str, ...]
    path: str
    line: int
    end_line: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()

    def text(self, name: str) -> str | None:
        """The expression of an attribute, as written."""
        attribute = self.attributes.get(name)
        return attribute.text if attribute else None

    def literal(self, name: str) -> str | None:
        """The value of an attribute that is a plain string."""
        attribute = self.attributes.get(name)
        return attribute.literal if attribute else None

    def walk(self) -> Iterator["Block"]:
        """This block and every block inside it, in the order written."""
        waiting = [self]
        while waiting:
            block = waiting.pop()
            yield block
            waiting.extend(reversed(block.blocks))


@dataclass(frozen=True)
class ParsedFile:
    path: str
    blocks: tuple[Block, ...]
    attributes: Mapping[str, Attribute]
    problems: tuple[SyntaxProblem, ...]
    repeated: tuple[Attribute, ...] = ()
    """Attributes whose name was given before in the same body: only the first one counts elsewhere."""
    tokens: int = 0

    def walk(self) -> Iterator[Block]:
        """Every block at any depth."""
        for block in self.blocks:
            yield from block.walk()


@dataclass(frozen=True)
class Validation:
    """`condition` and `error_message` are the expressions as written; a message that is a plain string is its value."""

    condition: str
    error_message: str
    resolved: str = ""
    """The condition with its locals in place, where it has any."""


@dataclass(frozen=True)
class Variable:
    name: str
    type_text: str | None
    description: str | None
    default_text: str | None
    required: bool
    sensitive: bool
    nullable: bool
    path: str
    line: int
    validations: tuple[Validation, ...] = ()
    ephemeral: bool = False


@dataclass(frozen=True)
class Output:
    name: str
    description: str | None
    sensitive: bool
    path: str
    line: int
    ephemeral: bool = False
    value: str = ""
    """The expression as written."""


@dataclass(frozen=True)
class ProviderRequirement:
    name: str
    source: str | None
    version: str | None
    path: str
    line: int
    aliases: tuple[str, ...] = ()
    """`configuration_aliases`: what every caller passes in `providers`."""


@dataclass(frozen=True)
class Resource:
    type: str
    name: str
    path: str
    line: int
    provider: str | None = None
    """The local provider name it asks for by `provider =`, without alias."""


@dataclass(frozen=True)
class ModuleCall:
    """`source` and `version` are None when absent or not a plain string; `source_text` is what stands there."""

    name: str
    source: str | None
    version: str | None
    path: str
    line: int
    source_text: str | None = None


@dataclass(frozen=True)
class Provisioner:
    kind: str
    path: str
    line: int


@dataclass(frozen=True)
class ModuleFacts:
    """What the `.tf` files of one directory declare."""

    variables: tuple[Variable, ...] = ()
    outputs: tuple[Output, ...] = ()
    required_providers: tuple[ProviderRequirement, ...] = ()
    required_version: str | None = None
    resources: tuple[Resource, ...] = ()
    data_sources: tuple[Resource, ...] = ()
    module_calls: tuple[ModuleCall, ...] = ()
    provisioners: tuple[Provisioner, ...] = ()
    blocks: tuple[Block, ...] = ()
    problems: tuple[SyntaxProblem, ...] = ()
