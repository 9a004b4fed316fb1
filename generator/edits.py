"""Changes of files by exact text: every line that is not named stays as it is, byte by byte. Guesses nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from tfmodule.files import FileMap, printable


@dataclass(frozen=True)
class Edit:
    """`old` stands exactly once in the file and becomes `new`.

    An empty `old` means the whole file: written anew, or with an empty `new` removed.
    """

    path: str
    old: str
    new: str


class EditError(ValueError):
    """An edit that does not fit the files; the text tells whoever wrote it what to do."""


def applied(files: FileMap, edits: Iterable[Edit]) -> FileMap:
    """The files after all edits, one after the other. Raises EditError, and then none was made."""
    result = dict(files)
    for number, edit in enumerate(edits, start=1):
        place = f"Edit {number} (`{printable(edit.path)}`)"
        if not edit.old:
            _whole(result, edit, place)
            continue
        if edit.path not in result:
            raise EditError(f"{place}: there is no such file. Leave `old` empty to write a new one.")
        text = result[edit.path].decode("utf-8", "surrogateescape")
        count = text.count(edit.old)
        if count != 1:
            raise EditError(
                f"{place}: its `old` stands there {count} times instead of once. "
                "Quote it exactly, with enough of the lines around it."
            )
        result[edit.path] = text.replace(edit.old, edit.new, 1).encode("utf-8", "surrogateescape")
    return result


def _whole(result: dict[str, bytes], edit: Edit, place: str) -> None:
    if edit.new:
        result[edit.path] = edit.new.encode("utf-8", "surrogateescape")
    elif result.pop(edit.path, None) is None:
        raise EditError(f"{place}: there is no such file to remove.")
