"""Commands that are named at once and loaded when one is asked for: a list of them must not cost all their imports.

Knows no command of ours.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:  # typer keeps its copy of click to itself, and yet names it in every signature
    from typer._click import Command, Context


@dataclass(frozen=True)
class Entry:
    """One line of the table: a command's name, where it is as `module:attribute`, and the first paragraph of its help.

    The attribute is a function, or the Typer of a group.
    """

    name: str
    place: str
    help: str


class Later(TyperCommand):
    """Stands where a command will be: its name and one line of help. It becomes the command when it is to run."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, help=entry.help)
        self._entry = entry

    def load(self) -> "Command":
        """The command itself, or the group of commands."""
        module, _, attribute = self._entry.place.partition(":")
        found = getattr(import_module(module), attribute)
        around = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self._entry.name)
        else:
            around.command(self._entry.name)(found)
        return typer.main.get_group(around).commands[self._entry.name]

    def make_context(
        self, info_name: str | None, args: list[str], parent: "Context | None" = None, **extra: Any
    ) -> "Context":
        """Whatever runs, helps or completes begins here."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def group(entries: Iterable[Entry]) -> type[TyperGroup]:
    """The kind of group that has these commands: for the `cls` of a Typer."""
    table = tuple(entries)

    class _Commands(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.commands: MutableMapping[str, Command] = {one.name: Later(one) for one in table}

    return _Commands
