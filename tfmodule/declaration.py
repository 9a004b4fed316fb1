"""Which modules a repository holds, as its file `.terrasmith.hcl` declares them, and what a tag means there.

Strict: whatever is not understood is refused with its line, because a version that is published by mistake stays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import UserError
from tfmodule.address import Address, InvalidAddressError
from tfmodule.facts import Attribute, Block, ParsedFile
from tfmodule.files import UnsafePathError, check_path, fold, printable
from tfmodule.hcl import parse

FILE = ".terrasmith.hcl"
MAX_BYTES = 64 << 10
MAX_MODULES = 100
MAX_PREFIX = 100

_ROOT = "."
_KNOWN = ("system", "path", "tag_prefix")
# Ends in what separates it from the version, and is a name that git and GitHub take.
_PREFIX = re.compile(r"(?:[A-Za-z][A-Za-z0-9._-]*/)*[A-Za-z](?:[A-Za-z0-9._-]*[/_-]|/)")


@dataclass(frozen=True)
class Problem:
    """What is wrong with the file, and where."""

    line: int
    message: str


class DeclarationError(UserError):
    """The file cannot be followed. All of its problems, in the order of their lines."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: one.line))
        told = [f"{FILE}:{one.line}: {one.message}" for one in self.problems[:10]]
        if len(self.problems) > len(told):
            told.append(f"… and {len(self.problems) - len(told)} more")
        super().__init__("\n".join(told))


@dataclass(frozen=True)
class DeclaredModule:
    """One module of a repository: its name and system, its folder (empty for the root), and how its tags begin."""

    name: str
    system: str
    path: str
    tag_prefix: str
    line: int = 1

    @property
    def key(self) -> str:
        """Its address without the namespace, which the repository's owner decides."""
        return f"{self.name}/{self.system}"

    def address(self, owner: str) -> Address:
        """The address below this owner's namespace. Raises InvalidAddressError."""
        return Address(owner, self.name, self.system)

    def holds(self, path: str) -> bool:
        """Whether a file of the repository lies in its folder."""
        return not self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True)
class Declaration:
    """The modules of a repository, in the order written."""

    modules: tuple[DeclaredModule, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Declaration":
        """Read the file. Raises DeclarationError with every problem."""
        if len(data) > MAX_BYTES:
            raise DeclarationError(Problem(1, f"the file has {len(data)} bytes; {MAX_BYTES} are allowed"))
        file = parse(FILE, data)
        if file.problems:
            raise DeclarationError(*(Problem(one.line, one.message) for one in file.problems))
        problems = list(_strangers(file))
        modules = [module for block in file.blocks if (module := _module(block, problems)) is not None]
        if not file.blocks:
            problems.append(Problem(1, 'no module is declared: write `module "name" { … }` for each'))
        if len(file.blocks) > MAX_MODULES:
            problems.append(Problem(file.blocks[MAX_MODULES].line, f"more than {MAX_MODULES} modules are declared"))
        if not problems:
            problems += _twins(modules)
        if problems:
            raise DeclarationError(*problems)
        return cls(tuple(modules))

    def module_of(self, tag: str) -> DeclaredModule | None:
        """The module whose prefix the tag begins with, the longest prefix first; None for a tag of nobody."""
        fits = [module for module in self.modules if tag.startswith(module.tag_prefix)]
        return max(fits, key=lambda module: len(module.tag_prefix), default=None)

    def touched(self, paths: tuple[str, ...]) -> tuple[DeclaredModule, ...]:
        """The modules in whose folders one of these files lies."""
        return tuple(module for module in self.modules if any(module.holds(path) for path in paths))


def _strangers(file: ParsedFile) -> Iterator[Problem]:
    """Everything that has no place in the file."""
    for attribute in file.attributes.values():
        yield Problem(attribute.line, f"`{printable(attribute.name)}` must stand inside a `module` block")
    for attribute in file.repeated:
        yield Problem(attribute.line, f"`{printable(attribute.name)}` is given twice")
    for block in file.blocks:
        if block.kind != "module":
            yield Problem(block.line, f"`{printable(block.kind)}` blocks are not known here: only `module` blocks are")
        for inner in block.blocks:
            yield Problem(inner.line, f"`{printable(inner.kind)}` blocks are not known in a `module` block here")


def _module(block: Block, problems: list[Problem]) -> DeclaredModule | None:
    """The module of a block; None, and what is wrong, where it cannot be one."""
    before = len(problems)
    if block.kind != "module":
        return None
    if len(block.labels) != 1:
        problems.append(Problem(block.line, 'a module needs one name: write `module "name" {`'))
        return None
    for name, attribute in block.attributes.items():
        if name not in _KNOWN:
            problems.append(
                Problem(attribute.line, f"`{printable(name)}` is not known: a module has {', '.join(_KNOWN)}")
            )
    name = block.labels[0]
    system, path = _text(block, "system", problems), _text(block, "path", problems)
    prefix = _text(block, "tag_prefix", problems) if "tag_prefix" in block.attributes else f"{name}/"
    if system is not None:
        _check_address(block, name, system, problems)
    if path is not None:
        _check_folder(block.attributes["path"], path, problems)
    if prefix is not None and len(problems) == before:
        _check_prefix(block, prefix, problems)
    if system is None or path is None or prefix is None or len(problems) > before:
        return None
    return DeclaredModule(name, system, "" if path == _ROOT else path, prefix, block.line)


def _text(block: Block, name: str, problems: list[Problem]) -> str | None:
    attribute = block.attributes.get(name)
    if attribute is None:
        problems.append(Problem(block.line, f"`{name}` is missing: {_EXPECTED[name]}"))
        return None
    if attribute.literal is None:
        problems.append(Problem(attribute.line, f"`{name}` must be a plain string: {_EXPECTED[name]}"))
    return attribute.literal


_EXPECTED = {
    "system": 'write for example `system = "aws"`',
    "path": 'write the folder, as in `path = "modules/network"`, or `path = "."` for the root',
    "tag_prefix": 'write how its tags begin, as in `tag_prefix = "network/"`',
}


def _check_address(block: Block, name: str, system: str, problems: list[Problem]) -> None:
    try:
        Address("owner", name, system)
    except InvalidAddressError as error:
        reason = error.message.partition(": ")[2].rstrip(".")
        problems.append(Problem(block.line, f"`{printable(f'{name}/{system}')}` cannot be an address: {reason}"))


def _check_folder(attribute: Attribute, path: str, problems: list[Problem]) -> None:
    if path == _ROOT:
        return
    try:
        check_path(path)
        reason = ""
    except UnsafePathError as error:
        reason = error.reason
    if not reason and any(part.startswith(".") for part in path.split("/")):
        reason = "a part of it begins with a dot"
    if reason:
        problems.append(
            Problem(attribute.line, f"the folder `{printable(path)}` is refused: {reason}; {_EXPECTED['path']}")
        )


def _check_prefix(block: Block, prefix: str, problems: list[Problem]) -> None:
    attribute = block.attributes.get("tag_prefix")
    line = attribute.line if attribute else block.line
    pieces = prefix.removesuffix("/").split("/")
    odd = ".." in prefix or any(piece.endswith((".", ".lock")) for piece in pieces)
    if prefix and (odd or len(prefix) > MAX_PREFIX or not _PREFIX.fullmatch(prefix)):
        problems.append(
            Problem(
                line,
                f"the tag prefix `{printable(prefix)}` is refused: it begins with a letter, holds letters, digits, "
                f"`.`, `_`, `-` and `/`, ends in `/`, `-` or `_`, and has at most {MAX_PREFIX} characters",
            )
        )


def _twins(modules: list[DeclaredModule]) -> Iterator[Problem]:
    """Two modules that would fight over an address, a folder or a tag."""
    yield from _twice("the address", [(one.key.casefold().replace("_", "-"), one.key, one) for one in modules])
    yield from _twice("the folder", [(fold(one.path), one.path or _ROOT, one) for one in modules])
    yield from _twice("the tag prefix", [(one.tag_prefix, one.tag_prefix, one) for one in modules])


def _twice(what: str, named: list[tuple[str, str, DeclaredModule]]) -> Iterator[Problem]:
    first: dict[str, DeclaredModule] = {}
    for key, shown, module in named:
        known = first.setdefault(key, module)
        if known is not module:
            message = f"{what} `{printable(shown)}` is that of the module in line {known.line} too"
            yield Problem(module.line, message)
