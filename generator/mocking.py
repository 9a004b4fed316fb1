"""Has a module's tests answer as the mock library does: writes its files, and names them where a provider is mocked.

What a test says itself goes before the library. Runs no test.
"""

import re

from gate.mocks import FOLDER, mocks_of
from tfmodule.facts import Block
from tfmodule.files import FileMap
from tfmodule.hcl import parse

_EMPTY = re.compile(r'^mock_provider\s+"[^"]{1,100}"\s*\{\s*\}\s*$')


def with_mocks(files: FileMap) -> FileMap:
    """The files with the library's defaults for the types in use; the same again where it is done already."""
    found = mocks_of(files)
    tests = [path for path in sorted(files) if path.startswith("tests/") and path.endswith(".tftest.hcl")]
    named = {path: _named(path, files[path], found.providers) for path in tests}
    mocked = any(f'"./{FOLDER}/{provider}"'.encode() in data for data in named.values() for provider in found.providers)
    # A library that no test reads would only be one more file to look after.
    return {**files, **named, **(found.files if mocked else {})}


def _named(path: str, data: bytes, providers: tuple[str, ...]) -> bytes:
    parsed = parse(path, data)
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if parsed.problems:
        return data
    for block in reversed([one for one in parsed.blocks if _wants_source(one, providers)]):
        at, source = block.line - 1, f'  source = "./{FOLDER}/{block.labels[0]}"'
        if block.line != block.end_line:
            lines[at + 1 : at + 1] = [source, ""] if block.blocks else [source]
        elif _EMPTY.match(lines[at]):
            lines[at : at + 1] = [f'mock_provider "{block.labels[0]}" {{', source, "}"]
    changed = "\n".join(lines).encode("utf-8", "surrogateescape")
    return data if parse(path, changed).problems else changed


def _wants_source(block: Block, providers: tuple[str, ...]) -> bool:
    return (
        block.kind == "mock_provider"
        and len(block.labels) == 1
        and block.labels[0] in providers
        and "source" not in block.attributes
    )
