"""Terraform's language as facts with 1-based lines. The only file that knows a parser; it judges nothing.

The parser is tree-sitter: it keeps positions and survives anything. Hostile text never raises: what cannot be read is
listed as a problem, and whoever decides must refuse a module that has one (an error hides what follows it).
"""

import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import tree_sitter
import tree_sitter_hcl

from tfmodule.expressions import read_expression
from tfmodule.facts import (
    Attribute,
    Block,
    ModuleCall,
    ModuleFacts,
    Output,
    ParsedFile,
    ProviderRequirement,
    Provisioner,
    Resource,
    Span,
    SyntaxProblem,
    Validation,
    Variable,
)
from tfmodule.files import FileMap
from tfmodule.prescan import prescan

__all__ = [
    "Attribute",
    "Block",
    "ModuleCall",
    "ModuleFacts",
    "Output",
    "ParsedFile",
    "ProviderRequirement",
    "Provisioner",
    "Resource",
    "SyntaxProblem",
    "Variable",
    "facts_of",
    "parse",
    "read_facts",
]


def read_facts(files: FileMap, directory: str = "") -> ModuleFacts:
    """The facts of the module in one directory ("" is the root); never raises for what the files contain."""
    prefix = f"{directory.strip('/')}/" if directory.strip("/") else ""
    names = sorted(p for p in files if p.startswith(prefix) and p.endswith(".tf") and "/" not in p[len(prefix) :])
    return facts_of([parse(name, files[name]) for name in names])


def facts_of(parsed: Sequence[ParsedFile]) -> ModuleFacts:
    """The facts of a module whose `.tf` files were parsed already."""
    blocks = tuple(block for file in parsed for block in file.blocks)
    everything = [inner for block in blocks for inner in block.walk()]
    return ModuleFacts(
        variables=tuple(_variable(b) for b in blocks if b.kind == "variable" and b.labels),
        outputs=tuple(_output(b) for b in blocks if b.kind == "output" and b.labels),
        required_providers=tuple(r for b in everything if b.kind == "required_providers" for r in _requirements(b)),
        required_version=next(
            (v for b in blocks if b.kind == "terraform" and (v := b.literal("required_version"))), None
        ),
        resources=tuple(_resource(b) for b in blocks if b.kind == "resource" and len(b.labels) == 2),
        data_sources=tuple(_resource(b) for b in everything if b.kind == "data" and len(b.labels) == 2),
        module_calls=tuple(_call(b) for b in blocks if b.kind == "module" and b.labels),
        provisioners=tuple(Provisioner(_label(b), b.path, b.line) for b in everything if b.kind == "provisioner"),
        blocks=blocks,
        problems=tuple(problem for file in parsed for problem in file.problems),
    )


def parse(path: str, data: bytes) -> ParsedFile:
    """One file as a tree of blocks; a file that cannot be read safely has no blocks and at least one problem."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unreadable(path, data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text")
    if "\x00" in text or text.startswith("\ufeff"):
        return _unreadable(path, 1, "the file holds a NUL byte or starts with a byte order mark")
    seen = prescan(text)
    if seen.problem is not None:
        return _unreadable(path, seen.line, seen.problem, seen.tokens)
    tree = _tree(data)
    if tree is None:
        return _unreadable(path, 1, STUCK, seen.tokens)
    reader = _Reader(path, data)
    blocks, attributes, problems = reader.read(tree)
    if not problems:
        problems = _disagreements(path, seen.openers, blocks)
    return ParsedFile(path, blocks, attributes, problems, tuple(reader.repeated), seen.tokens)


_CHUNK = 1 << 16
_PATIENCE = 2.0
"""Seconds of processor time. The largest file that is valid takes one; recovery from errors grows with the square."""
STUCK = "the file is not valid Terraform syntax, and so far from it that no parser comes to an end"


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_hcl.language())


def _tree(data: bytes) -> tree_sitter.Tree | None:
    """The syntax tree; None where the parser does not come to an end, which only happens far beyond an error."""
    end = time.thread_time() + _PATIENCE

    def stop(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - the parser's signature
        return time.thread_time() > end

    try:
        parser = tree_sitter.Parser(_language())
        tree = parser.parse(lambda offset, _: data[offset : offset + _CHUNK], progress_callback=stop)
    except ValueError:
        return None
    return None if stop(0, tree.root_node.has_error) else tree


def _unreadable(path: str, line: int, message: str, tokens: int = 0) -> ParsedFile:
    return ParsedFile(path, (), {}, (SyntaxProblem(path, line, 1, message, readable=False),), tokens=tokens)


def _disagreements(path: str, openers: set[tuple[str, int]], blocks: tuple[Block, ...]) -> tuple[SyntaxProblem, ...]:
    """Block heads that Terraform's scanner would see and the parser did not: something is being hidden from us."""
    known = {(inner.kind, inner.line) for block in blocks for inner in block.walk()}
    return tuple(
        SyntaxProblem(path, line, 1, f"two readers disagree whether `{kind}` opens a block here", readable=False)
        for kind, line in sorted(openers - known, key=lambda opener: opener[1])
    )


class _Reader:
    """Turns one syntax tree into blocks with an explicit stack: depth of input never becomes depth of calls."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.repeated: list[Attribute] = []

    def read(
        self, tree: tree_sitter.Tree
    ) -> tuple[tuple[Block, ...], Mapping[str, Attribute], tuple[SyntaxProblem, ...]]:
        problems = tuple(self._problems(tree.root_node)) if tree.root_node.has_error else ()
        body = next((child for child in tree.root_node.named_children if child.type == "body"), None)
        if body is None:
            return (), {}, problems
        blocks, attributes = self._body(body)
        return blocks, attributes, problems

    def _text(self, node: tree_sitter.Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _problems(self, root: tree_sitter.Node) -> Iterator[SyntaxProblem]:
        waiting, told = [root], 0
        while waiting and told < 20:
            node = waiting.pop()
            if node.is_error or node.is_missing:
                told += 1
                what = f"`{node.type}` is missing" if node.is_missing else "this is not valid Terraform syntax"
                yield SyntaxProblem(self.path, node.start_point.row + 1, node.start_point.column + 1, what)
            elif node.has_error:
                waiting.extend(reversed(node.children))

    def _body(self, root: tree_sitter.Node) -> tuple[tuple[Block, ...], Mapping[str, Attribute]]:
        """Post-order over bodies: children are finished before the block that holds them."""
        finished: dict[int, Block] = {}
        waiting: list[tuple[tree_sitter.Node, bool]] = [(c, False) for c in root.named_children if c.type == "block"]
        while waiting:
            node, ready = waiting.pop()
            inner = [child for part in node.named_children if part.type == "body" for child in part.named_children]
            if not ready:
                waiting.append((node, True))
                waiting.extend((child, False) for child in inner if child.type == "block")
                continue
            finished[node.id] = Block(
                kind=self._text(node.named_children[0]),
                labels=tuple(self._labels(node)),
                path=self.path,
                line=node.start_point.row + 1,
                end_line=node.end_point.row + 1,
                attributes=self._attributes(inner),
                blocks=tuple(finished[child.id] for child in inner if child.type == "block"),
            )
        top = tuple(finished[child.id] for child in root.named_children if child.type == "block")
        return top, self._attributes(root.named_children)

    def _labels(self, block: tree_sitter.Node) -> Iterator[str]:
        for child in block.named_children[1:]:
            if child.type == "identifier":
                yield self._text(child)
            elif child.type == "string_lit":
                yield _unescape(self._text(child)[1:-1])
            else:
                return

    def _attributes(self, nodes: list[tree_sitter.Node]) -> Mapping[str, Attribute]:
        found: dict[str, Attribute] = {}
        for node in nodes:
            if node.type == "attribute" and len(node.named_children) >= 2:
                name = self._text(node.named_children[0])
                attribute = self._attribute(name, node, node.named_children[-1], members=True)
                if found.setdefault(name, attribute) is not attribute:
                    self.repeated.append(attribute)
        return found

    def _attribute(self, name: str, node: tree_sitter.Node, value: tree_sitter.Node, *, members: bool) -> Attribute:
        return Attribute(
            name=name,
            text=textwrap.dedent(self._text(value)),
            literal=self._literal(value),
            line=node.start_point.row + 1,
            members=self._members(value) if members else {},
            span=Span(node.start_byte, value.start_byte, value.end_byte),
        )

    def _members(self, expression: tree_sitter.Node) -> Mapping[str, Attribute]:
        found: dict[str, Attribute] = {}
        node = _only(expression, "expression", "collection_value", "object")
        for element in node.named_children if node is not None and node.type == "object" else []:
            if element.type != "object_elem" or len(element.named_children) < 2:
                continue
            key, value = element.named_children[0], element.named_children[-1]
            name = self._literal(key) or self._text(key)
            found[name] = self._attribute(name, element, value, members=False)  # the last one counts for Terraform
        return found

    def _literal(self, expression: tree_sitter.Node) -> str | None:
        """The value of a string or heredoc without templates."""
        node = _only(
            expression,
            "expression",
            "literal_value",
            "template_expr",
            "string_lit",
            "quoted_template",
            "heredoc_template",
        )
        if node is None or any(
            part.type.startswith("template_") and part.type != "template_literal" for part in node.children
        ):
            return None
        if node.type in ("string_lit", "quoted_template"):
            return _unescape(self._text(node)[1:-1])
        if node.type == "heredoc_template":
            return _heredoc(self._text(node))
        return None


def _only(node: tree_sitter.Node, *wrappers: str) -> tree_sitter.Node | None:
    """Step through wrapper nodes that hold exactly one named child of a wrapper type; the innermost of them."""
    if node.type not in wrappers:
        return None
    while len(node.named_children) == 1 and node.named_children[0].type in wrappers:
        node = node.named_children[0]
    return node


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def _unescape(text: str) -> str:
    if "\\" not in text and "{" not in text:
        return text
    out, position = [], 0
    while position < len(text):
        character, following = text[position], text[position + 1 : position + 2]
        digits = {"u": 4, "U": 8}.get(following, 0)
        if character == "\\" and following in _ESCAPES:
            out.append(_ESCAPES[following])
            position += 2
        elif character == "\\" and digits and (code := _code_point(text[position + 2 : position + 2 + digits], digits)):
            out.append(code)
            position += 2 + digits
        elif text.startswith(("$${", "%%{"), position):
            out.append(character + "{")
            position += 3
        else:
            out.append(character)
            position += 1
    return "".join(out)


def _code_point(digits: str, length: int) -> str:
    try:
        code = int(digits, 16) if len(digits) == length else None
        if code is None:
            return ""
        # No text that is written down anywhere can hold a NUL or half of a surrogate pair.
        return "\ufffd" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)
    except (ValueError, OverflowError):
        return ""


def _heredoc(text: str) -> str:
    first, _, rest = text.partition("\n")
    body = rest[: rest.rstrip(" \t\r").rfind("\n") + 1]
    body = body.replace("$${", "${").replace("%%{", "%{")
    return textwrap.dedent(body) if first.startswith("<<-") else body


def _label(block: Block) -> str:
    return block.labels[0] if block.labels else ""


def _variable(block: Block) -> Variable:
    default = block.text("default")
    return Variable(
        name=_label(block),
        type_text=block.text("type"),
        description=block.literal("description"),
        default_text=default,
        required=default is None,
        sensitive=block.text("sensitive") == "true",
        nullable=block.text("nullable") != "false",
        path=block.path,
        line=block.line,
        validations=tuple(
            Validation(
                inner.text("condition") or "", inner.literal("error_message") or inner.text("error_message") or ""
            )
            for inner in block.blocks
            if inner.kind == "validation"
        ),
        ephemeral=block.text("ephemeral") == "true",
    )


def _output(block: Block) -> Output:
    return Output(
        _label(block),
        block.literal("description"),
        block.text("sensitive") == "true",
        block.path,
        block.line,
        block.text("ephemeral") == "true",
        block.text("value") or "",
    )


def _requirements(block: Block) -> Iterator[ProviderRequirement]:
    for name, attribute in block.attributes.items():
        source, version = attribute.members.get("source"), attribute.members.get("version")
        yield ProviderRequirement(
            name=name,
            source=source.literal if source else None,
            version=version.literal if version else attribute.literal,
            path=block.path,
            line=attribute.line,
            aliases=_aliases(attribute),
        )


def _aliases(attribute: Attribute) -> tuple[str, ...]:
    written = attribute.members.get("configuration_aliases")
    found = read_expression(written.text).references if written else ()
    return tuple(sorted({".".join(one.parts) for one in found}))


def _resource(block: Block) -> Resource:
    provider = block.text("provider")
    name = provider.strip('"').split(".", 1)[0].strip() if provider else None
    return Resource(block.labels[0], block.labels[1], block.path, block.line, name)


def _call(block: Block) -> ModuleCall:
    return ModuleCall(
        name=_label(block),
        source=block.literal("source"),
        version=block.literal("version"),
        path=block.path,
        line=block.line,
        source_text=block.text("source"),
    )
