"""Mends what has one right form: names that the schema nearly has, undeclared providers, the README's tables.

A fixer takes a module's files and a finding, and returns new files; nothing is written anywhere. Formatting is mended
by the engine (`gate.formatting`). What a fixer cannot mend for sure it leaves as it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from gate.known import known_providers
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
from tfmodule.sources import provider_address

_MEANT = re.compile(r"^Did you mean `([\w-]{1,200})`\?$")
_WRONG = re.compile(r" has no (?:argument|block) `([\w-]{1,200})` here\.$")
# The same as Terraform itself says it, of types whose schema is not at hand.
_SAID = re.compile(
    r"^Unsupported (?:argument|block type): (?:An argument named|Blocks of type) \"([\w-]{1,200})\" (?:is|are) not"
    r" expected here\. Did you mean (?:to define argument )?\"([\w-]{1,200})\"\?"
)
_UNDECLARED = re.compile(r'^The provider "([\w-]{1,100})" is used and not declared\.$')
_SOURCE = re.compile(r'`source = "([\w./-]{1,300})"`')
_HEADING = re.compile(r"^#{1,6}[ \t]+(.{1,300})$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
# A table's row, or what stands in the place of an empty one.
_ROW = re.compile(r"^\||^(?:None|No requirements|No inputs|No outputs)\.[ \t]*$")
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
    wrong, meant = _names(finding)
    if not meant or finding.path is None or finding.path not in files or not finding.line:
        return files
    lines = files[finding.path].decode("utf-8", "surrogateescape").split("\n")
    if finding.line > len(lines):
        return files
    head = re.compile(rf"^(\s*(?:dynamic\s+\")?){re.escape(wrong)}(?![\w-])")
    lines[finding.line - 1] = head.sub(rf"\g<1>{meant}", lines[finding.line - 1], count=1)
    return _sound(files, finding.path, "\n".join(lines).encode("utf-8", "surrogateescape"))


def _names(finding: Finding) -> tuple[str, str]:
    """The name that is wrong and the one that was meant; empty where the finding says neither."""
    if said := _SAID.match(finding.message):
        return said[1], said[2]
    wrong, meant = _WRONG.search(finding.message), _MEANT.match(finding.fix)
    return (wrong[1], meant[1]) if wrong and meant else ("", "")


def with_meant_names(files: FileMap, findings: Iterable[Finding]) -> FileMap:
    """The files with the names mended that a judgement found wrong; a name that is no better stays told."""
    return fixed(files, [one for one in findings if FIXERS.get(one.rule) is meant_name])


def declared_provider(files: FileMap, finding: Finding) -> FileMap:
    """An entry of `required_providers` for a provider that is used; where there is no such block, one is written."""
    undeclared, source = _UNDECLARED.match(finding.message), _SOURCE.search(finding.fix)
    if undeclared is None or source is None or finding.path is None or "/" in finding.path:
        return files
    if provider_address(source[1]) not in known_providers():
        return files  # that there is such a provider is only Terraform's guess from the name of a type
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
    """The README with its three tables as the code has them; every line that is no row of theirs stays."""
    path = documents.README
    if path not in files:
        return files
    interface = Interface.from_facts(read_facts(files))
    wanted = {
        part.split("\n", 1)[0].casefold(): part.strip().split("\n")
        for part in re.split(r"^## ", interface_tables(interface), flags=re.MULTILINE)
        if part
    }
    written = files[path].decode("utf-8", "surrogateescape")
    end = "\r\n" if written.count("\r\n") * 2 > written.count("\n") else "\n"
    kept = list(_with_tables(written.replace("\r\n", "\n").split("\n"), wanted))
    text = "\n".join(kept).rstrip("\n")
    for lines in wanted.values():
        text += "\n\n## " + "\n".join(lines)
    return {**files, path: (text.rstrip("\n") + "\n").replace("\n", end).encode("utf-8", "surrogateescape")}


def _with_tables(lines: list[str], wanted: dict[str, list[str]]) -> Iterator[str]:
    """The lines, with what is wanted in the place of the first table below its heading; what was used is taken out."""
    prose = _prose(lines)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        yield line
        heading = _HEADING.match(line) if prose[number - 1] else None
        table = wanted.pop(heading[1].strip().casefold(), None) if heading is not None else None
        if table is None:
            continue
        ends = (n for n in range(number, len(lines)) if prose[n] and _HEADING.match(lines[n]))
        below = range(number, next(ends, len(lines)))
        rows = next(([n] for n in below if prose[n] and _ROW.match(lines[n])), [])
        while rows and rows[-1] + 1 in below and lines[rows[-1] + 1].startswith("|"):
            rows.append(rows[-1] + 1)
        if rows:
            yield from lines[number : rows[0]]
            yield from table[2:]
            number = rows[-1] + 1
        else:
            yield from table[1:]
            if number < len(lines) and lines[number].strip():
                yield ""


def _prose(lines: list[str]) -> list[bool]:
    """Of each line, whether Markdown reads it: not inside a block of code, nor inside a comment of several lines."""
    found, fence, comment = [], "", False
    for line in lines:
        mark = _FENCE.match(line)
        found.append(not fence and not comment and mark is None)
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if closes else fence
        elif comment:
            comment = "-->" not in line
        elif mark is not None:
            fence = mark[1]
        else:
            comment = "<!--" in line and "-->" not in line.rpartition("<!--")[2]
    return found


Fixer = Callable[[FileMap, Finding], FileMap]
FIXERS: Mapping[str, Fixer] = {
    schema.KNOWN: meant_name,
    "validate": meant_name,
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
