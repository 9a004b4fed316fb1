"""The literal paths that code hands to functions and arguments that touch files, as far as their text decides.

One linear pass and no evaluation: a path that is computed is not here, or only up to where the computing begins.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tfmodule.expressions import calls_in
from tfmodule.facts import ParsedFile

_FUNCTIONS = re.compile(r"(?:templatefile|file(?:exists|set|md5|sha1|base64(?:sha256|sha512)?|sha256|sha512)?)\Z")
_ARGUMENTS = {
    "archive_file": ("source_file", "source_dir", "output_path"),
    "local_file": ("filename", "source"),
    "local_sensitive_file": ("filename", "source"),
}
# What may stand in front of a first argument without changing which file is meant.
_BEFORE = re.compile(r"(?:\s++|#[^\n]*+|//[^\n]*+|/\*(?s:.*?)\*/|\(|(?:pathexpand|abspath)\s*+(?=\())*+")
_ROOT = re.compile(r"path\.(?:module|root|cwd)\b(?=\s*[,)]|\s*\Z)")
_LEAD = re.compile(r"\$\{~?\s*path\.(?:module|root|cwd)\s*~?\}")
_PIECE = re.compile(r'(?:[^"\\$%\n]++|\\[^\n]|\$\$\{|%%\{|[$%](?!\{))*+')
_COMMA = re.compile(r"\s*,\s*")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))')
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True)
class PathLiteral:
    """`user` is the function or argument. `anchored`: `${path.module}` or its like stands before the text.

    `whole` is False where the text goes on with something computed.
    """

    user: str
    text: str
    anchored: bool
    whole: bool
    path: str
    line: int

    @property
    def absolute(self) -> bool:
        return not self.anchored and (self.text.startswith(("/", "~")) or _DRIVE.match(self.text) is not None)

    def leaves(self, directory: str) -> bool:
        """Whether `..` leads above the top of the archive, seen from a folder in it."""
        depth = len([part for part in directory.split("/") if part])
        parts = self.text.split("/")
        # What is glued to something computed is no step of its own.
        for part in parts[1 if self.anchored else 0 : None if self.whole else -1]:
            depth += 0 if part in ("", ".") else -1 if part == ".." else 1
            if depth < 0:
                return True
        return False


def path_literals(file: ParsedFile) -> Iterator[PathLiteral]:
    """In the order of blocks, and within an expression in the order written."""
    for attribute in file.attributes.values():
        yield from _in_calls(attribute.text, file.path, attribute.line)
    for block in file.walk():
        named = _ARGUMENTS.get(block.labels[0], ()) if block.kind in ("resource", "data") and block.labels else ()
        for name, attribute in block.attributes.items():
            yield from _in_calls(attribute.text, file.path, attribute.line)
            found = _read(attribute.text, 0) if name in named else None
            if found is not None:
                yield PathLiteral(name, *found[:3], file.path, attribute.line)


def _in_calls(text: str, path: str, line: int) -> Iterator[PathLiteral]:
    if "file" not in text:
        return
    for name, position, offset in calls_in(text):
        if not _FUNCTIONS.match(name) or (found := _read(text, position)) is None:
            continue
        yield PathLiteral(name, *found[:3], path, line + offset)
        # The pattern of `fileset` goes on where its folder ends.
        comma = _COMMA.match(text, found[3]) if name == "fileset" and found[2] else None
        pattern = _read(text, comma.end()) if comma else None
        if pattern is not None and not pattern[1]:
            yield PathLiteral(name, f"{found[0]}/{pattern[0]}", found[1], pattern[2], path, line + offset)


def _read(text: str, position: int) -> tuple[str, bool, bool, int] | None:
    """Text, anchored, whole, and where it ends; None where no quoted text begins here."""
    start = _BEFORE.match(text, position)
    at = start.end() if start else position
    if root := _ROOT.match(text, at):
        return "", True, True, root.end()
    if not text.startswith('"', at):
        return None
    lead = _LEAD.match(text, at + 1)
    piece = _PIECE.match(text, lead.end() if lead else at + 1)
    assert piece is not None, "it matches nothing, too"
    whole = text.startswith('"', piece.end())
    return _ESCAPE.sub(_plain, piece.group()), lead is not None, whole, piece.end() + whole


def _plain(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else match.group()
    return {"n": "\n", "r": "\r", "t": "\t"}.get(match.group(3), match.group(3))
