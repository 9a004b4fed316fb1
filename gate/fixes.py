"""Mends what has one right form: names that the schema nearly has, undeclared providers, the README's tables.

A fixer takes a module's files and a finding, and returns new files; nothing is written anywhere. Formatting is mended
by the engine (`gate.formatting`). What a fixer cannot mend for sure it leaves as it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from gate.material import Material
from gate.policy import Policy
from gate.report import Finding
from gate.rules import documents, schema, versions
from gate.screen import too_large
from tfmodule.docs import interface_tables
from tfmodule.facts import Block, ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import parse, read_facts
from tfmodule.interface import Interface
from tfmodule.schema_index import Schemas

_MEANT = re.compile(r"^Did you mean `([\w-]{1,200})`\?$")
_WRONG = re.compile(r" has no (?:argument|block) `([\w-]{1,200})` here\.$")
_UNDECLARED = re.compile(r'^The provider "([\w-]{1,100})" is used and not declared\.$')
_SOURCE = re.compile(r'`source = "([\w./-]{1,300})"`')
_HEADING = re.compile(r"^#{1,2}[ \t]+(.{1,300})$")
_TABLES = ("Requirements", "Inputs", "Outputs")
FLOORS: Mapping[str, str] = {
    "archive": ">= 2.4",
    "aws": ">= 5.0, < 7.0",
    "azurerm": ">= 4.0, < 5.0",
    "google": ">= 6.0, < 8.0",
    "null": ">= 3.2",
    "random": ">= 3.5",
    "time": ">= 0.11",
    "tls": ">= 4.0",
}
"""The versions of providers that modules are tried with."""


def meant_name(files: FileMap, finding: Finding) -> FileMap:
    """The name that the schema has, in place of the one nearly like it, on the finding's line."""
    wrong, meant = _WRONG.search(finding.message), _MEANT.match(finding.fix)
    if wrong is None or meant is None or finding.path is None or finding.path not in files or not finding.line:
        return files
    lines = files[finding.path].decode("utf-8", "surrogateescape").split("\n")
    if finding.line > len(lines):
        return files
    head = re.compile(rf"^(\s*(?:dynamic\s+\")?){re.escape(wrong[1])}(?![\w-])")
    lines[finding.line - 1] = head.sub(rf"\g<1>{meant[1]}", lines[finding.line - 1], count=1)
    return _sound(files, finding.path, "\n".join(lines).encode("utf-8", "surrogateescape"))


def declared_provider(files: FileMap, finding: Finding) -> FileMap:
    """An entry of `required_providers` for a provider that is used; where there is no such block, one is written."""
    undeclared, source = _UNDECLARED.match(finding.message), _SOURCE.search(finding.fix)
    if undeclared is None or source is None or finding.path is None or "/" in finding.path:
        return files
    name = undeclared[1]
    floor = FLOORS.get(name)
    entry = [
        f"    {name} = {{",
        f'      source = "{source[1]}"',
        *([f'      version = "{floor}"'] if floor else []),
        "    }",
    ]
    entry = [line.replace("source =", "source  =") if floor else line for line in entry]
    for path in sorted(path for path in files if path.endswith(".tf") and "/" not in path):
        for block in parse(path, files[path]).blocks:
            if block.kind != "terraform" or block.line == block.end_line:
                continue
            inner = next((one for one in block.blocks if one.kind == "required_providers"), None)
            if inner is not None and inner.line == inner.end_line:
                return files
            text = entry if inner is not None else ["", "  required_providers {", *entry, "  }"]
            # Before the bracket that closes it.
            return _inserted(files, path, (inner or block).end_line - 1, text)
    path = "versions.tf"
    if path in files and files[path].strip():
        return files
    text = ["terraform {", "  required_providers {", *entry, "  }", "}", ""]
    return _sound(files, path, "\n".join(text).encode())


def _inserted(files: FileMap, path: str, before: int, text: list[str]) -> FileMap:
    lines = files[path].decode("utf-8", "surrogateescape").split("\n")
    changed = "\n".join([*lines[:before], *text, *lines[before:]])
    return _sound(files, path, changed.encode("utf-8", "surrogateescape"))


def _sound(files: FileMap, path: str, data: bytes) -> FileMap:
    """The files with this one changed, unless that made it unreadable."""
    return files if parse(path, data).problems else {**files, path: data}


def readme_tables(files: FileMap, _finding: Finding) -> FileMap:
    """The README with its three tables as the code has them; everything else in it stays."""
    path = documents.README
    if path not in files:
        return files
    interface = Interface.from_facts(read_facts(files))
    wanted = {
        part.split("\n", 1)[0]: part.strip()
        for part in re.split(r"^## ", interface_tables(interface), flags=re.MULTILINE)
    }
    kept: list[str] = []
    skipping = fenced = False
    for line in files[path].decode("utf-8", "surrogateescape").split("\n"):
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading is not None:
            title = heading[1].strip()
            skipping = title in _TABLES
            if skipping and title in wanted:
                kept += [f"## {wanted.pop(title)}", ""]
        if not skipping:
            kept.append(line)
    text = "\n".join(kept).rstrip("\n")
    for title in _TABLES:
        if title in wanted:
            text += f"\n\n## {wanted[title]}"
    return {**files, path: (text.rstrip("\n") + "\n").encode("utf-8", "surrogateescape")}


Fixer = Callable[[FileMap, Finding], FileMap]
FIXERS: Mapping[str, Fixer] = {
    schema.KNOWN: meant_name,
    versions.PROVIDERS: declared_provider,
    "readme-tables": readme_tables,
}
"""By rule, in the order in which they are applied: those first that move no line."""


def fixed(files: FileMap, findings: Iterable[Finding]) -> FileMap:
    """The files with everything mended that these findings name and a fixer knows."""
    waiting = list(findings)
    for rule, fixer in FIXERS.items():
        for finding in waiting:
            if finding.rule == rule:
                files = fixer(files, finding)
    return files


def mended(files: FileMap, schemas: Schemas | None = None) -> FileMap:
    """The files with everything mended that can be seen without an engine; what is too large stays as it is."""
    if any(too_large(files, Policy())):
        return files
    parsed = {path: parse(path, data) for path, data in files.items() if path.endswith((".tf", ".tftest.hcl"))}
    material = Material(files, parsed, schemas=schemas)
    if not material.readable or not _has_code(parsed):
        return files
    looks = (schema.known_names, versions.provider_floors)
    files = fixed(files, (finding for look in looks for finding in look(material).findings))
    # Last, because the tables are read from the code.
    return fixed(files, documents.tables(Material(files, parsed)).findings)


def _has_code(parsed: Mapping[str, ParsedFile]) -> bool:
    return any(_is_code(block) for file in parsed.values() for block in file.blocks)


def _is_code(block: Block) -> bool:
    return block.kind in ("resource", "data", "module", "variable", "output", "locals")
