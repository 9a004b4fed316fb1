"""Stands in for the caller of a module that asks for provider configurations (`configuration_aliases`).

`validate` takes every directory for a root, and a root must have them; so for as long as it runs they are there, empty.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gate.foreign_files import remove_file, write_file
from gate.workspace import Workspace
from tfmodule.facts import ParsedFile

_ALIAS = re.compile(r"([^\W\d][\w-]*)\.([^\W\d][\w-]*)")
_NAME = "terrasmith-configurations"


@contextmanager
def configured(workspace: Workspace, parsed: Mapping[str, ParsedFile], directory: str) -> Iterator[str | None]:
    """The path of the file that is there meanwhile; None where none is needed."""
    files = {path: file for path, file in parsed.items() if posixpath.dirname(path) == directory}
    wanted = sorted(set(_asked(files)) - set(_given(files)))
    if not wanted:
        yield None
        return
    path = posixpath.join(directory, f"{_NAME}.tf")
    while path.casefold() in {name.casefold() for name in files}:
        path = path.removesuffix(".tf") + "-.tf"
    text = "".join(f'provider "{name}" {{\n  alias = "{alias}"\n}}\n' for name, alias in wanted)
    write_file(workspace.work, path, text.encode())
    try:
        yield path
    finally:
        remove_file(workspace.work, path)


def _asked(files: Mapping[str, ParsedFile]) -> Iterator[tuple[str, str]]:
    for file in files.values():
        for block in file.blocks:
            for inner in block.blocks if block.kind == "terraform" else ():
                for entry in inner.attributes.values() if inner.kind == "required_providers" else ():
                    aliases = entry.members.get("configuration_aliases")
                    yield from _ALIAS.findall(aliases.text if aliases else "")


def _given(files: Mapping[str, ParsedFile]) -> Iterator[tuple[str, str]]:
    for file in files.values():
        for block in file.blocks:
            if block.kind == "provider" and block.labels:
                yield block.labels[0], block.literal("alias") or ""
