"""The built-in templates as values, read from the folders under `templates/`. Knows their form, not when one fits.

Refuses a folder that breaks the form: a template is part of the product, so that is a bug and not a UserError.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from generator.brief import Assertion, assertion_from
from tfmodule.files import FileMap
from tfmodule.hcl_writer import Value

_FOLDER = Path(__file__).parent / "templates"
ABOUT = "template.toml"


@dataclass(frozen=True)
class Effect:
    """What an option does: new defaults, inputs that lose theirs, values for the minimal example, a sentence, and
    what a plan shows of it.
    """

    set: Mapping[str, Value] = field(default_factory=dict)
    require: tuple[str, ...] = ()
    minimal: Mapping[str, Value] = field(default_factory=dict)
    says: str = ""
    holds: tuple[Assertion, ...] = ()


@dataclass(frozen=True)
class NumberOption:
    """A number near the option's words that becomes the default of `variable`; `units` maps a word to a factor."""

    variable: str
    least: int
    most: int
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """Words of a prompt that change a template's defaults.

    It counts only if none of `unless`, and where given one of `needs`, is asked for as well.
    """

    words: tuple[str, ...]
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    asked: Effect = Effect()
    declined: Effect = Effect()
    number: NumberOption | None = None


@dataclass(frozen=True)
class Template:
    """One folder. `strong` words make it fit, `weak` ones only help to choose among those that do."""

    folder: str
    name: str
    system: str
    title: str
    summary: str
    example: str
    required_version: str
    providers: Mapping[str, Mapping[str, str]]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    strong: tuple[str, ...]
    weak: tuple[str, ...]
    minimal: Mapping[str, Value]
    options: tuple[Option, ...]
    holds: tuple[Assertion, ...]
    files: FileMap = field(repr=False)


@cache
def built_in() -> tuple[Template, ...]:
    """Every template, sorted by folder name."""
    return tuple(read_template(folder) for folder in sorted(_FOLDER.iterdir()) if (folder / ABOUT).is_file())


def read_template(folder: Path) -> Template:
    """One folder as a template; KeyError, TypeError or ValueError where it breaks the form."""
    about = tomllib.loads((folder / ABOUT).read_text(encoding="utf-8"))
    template = Template(
        folder=folder.name,
        name=about["name"],
        system=about["system"],
        title=about["title"],
        summary=about["summary"],
        example=about["example"],
        required_version=about["required_version"],
        providers=about.get("providers", {}),
        assumptions=tuple(about.get("assumptions", ())),
        notes=tuple(about.get("notes", ())),
        strong=tuple(about["match"]["strong"]),
        weak=tuple(about["match"].get("weak", ())),
        minimal=about.get("minimal", {}),
        options=tuple(_option(option) for option in about.get("options", ())),
        holds=_holds(about),
        files=_files(folder),
    )
    if folder.name != f"{template.system}-{template.name}":
        raise ValueError(f"the folder {folder.name} must be called {template.system}-{template.name}")
    return template


def _option(values: Mapping[str, Any]) -> Option:
    number = values.get("number")
    return Option(
        words=tuple(values["words"]),
        unless=tuple(values.get("unless", ())),
        needs=tuple(values.get("needs", ())),
        asked=_effect(values.get("asked", {})),
        declined=_effect(values.get("declined", {})),
        number=None if number is None else NumberOption(**number),
    )


def _effect(values: Mapping[str, Any]) -> Effect:
    return Effect(**{**values, "require": tuple(values.get("require", ())), "holds": _holds(values)})


def _holds(values: Mapping[str, Any]) -> tuple[Assertion, ...]:
    return tuple(assertion_from(one) for one in values.get("holds", ()))


def _files(folder: Path) -> FileMap:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        # Whoever tries a template where it lies leaves `.terraform` and state files behind.
        if path.is_file() and path.name.endswith((".tf", ".tftest.hcl")) and ".terraform" not in path.parts
    }
