"""What a module asks for and gives back: the part its users depend on.

Plain values; it compares and renders nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tfmodule.conditions import with_locals
from tfmodule.facts import ModuleFacts, Output, Validation
from tfmodule.shapes import Shapes


@dataclass(frozen=True)
class Input:
    """`default` is the expression as written; a required input has none."""

    name: str
    type: str
    description: str
    default: str | None
    required: bool
    sensitive: bool = False
    nullable: bool = True
    validations: tuple[Validation, ...] = ()
    ephemeral: bool = False


@dataclass(frozen=True)
class OutputValue:
    name: str
    description: str
    sensitive: bool = False
    ephemeral: bool = False
    value: str = ""
    """The expression, its locals in place; empty where an earlier release did not look."""
    shape: str = "any"
    """The type, as far as the expression shows it."""


@dataclass(frozen=True)
class Provider:
    """`source` as written, such as `hashicorp/aws`; `version` is a constraint, empty when any will do."""

    name: str
    source: str
    version: str
    aliases: tuple[str, ...] | None = ()
    """What every caller passes in `providers`; None where an earlier release did not look."""


@dataclass(frozen=True)
class Interface:
    inputs: tuple[Input, ...] = ()
    outputs: tuple[OutputValue, ...] = ()
    providers: tuple[Provider, ...] = ()
    required_version: str = ""

    @classmethod
    def from_facts(cls, facts: ModuleFacts) -> "Interface":
        """Sorted by name: the order in the files is no part of the promise."""
        known = locals_of(facts)
        types = {one.name: one.type_text or "any" for one in facts.variables}
        inputs = (
            Input(
                name=variable.name,
                type=variable.type_text or "any",
                description=(variable.description or "").strip(),
                default=variable.default_text,
                required=variable.required,
                sensitive=variable.sensitive,
                nullable=variable.nullable,
                validations=tuple(_resolved(one, known) for one in variable.validations),
                ephemeral=variable.ephemeral,
            )
            for variable in facts.variables
        )
        shapes = Shapes(types)
        outputs = (_output(one, known, shapes) for one in facts.outputs)
        providers = (
            Provider(p.name, p.source or f"hashicorp/{p.name}", p.version or "", p.aliases)
            for p in facts.required_providers
        )
        return cls(
            inputs=tuple(sorted(inputs, key=lambda item: item.name)),
            outputs=tuple(sorted(outputs, key=lambda item: item.name)),
            providers=tuple(sorted(providers, key=lambda item: item.name)),
            required_version=facts.required_version or "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold; `from_dict` is its inverse."""
        return {
            "inputs": [asdict(item) for item in self.inputs],
            "outputs": [asdict(item) for item in self.outputs],
            "providers": [asdict(item) for item in self.providers],
            "required_version": self.required_version,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Interface":
        return cls(
            inputs=tuple(_input(item) for item in values["inputs"]),
            outputs=tuple(OutputValue(**item) for item in values["outputs"]),
            providers=tuple(_provider(item) for item in values["providers"]),
            required_version=values.get("required_version", ""),
        )

    @property
    def required_inputs(self) -> tuple[Input, ...]:
        return tuple(item for item in self.inputs if item.required)


def locals_of(facts: ModuleFacts) -> dict[str, str]:
    """The expressions of the `locals` blocks."""
    return {
        name: one.text for block in facts.blocks if block.kind == "locals" for name, one in block.attributes.items()
    }


def _resolved(validation: Validation, known: Mapping[str, str]) -> Validation:
    text = with_locals(validation.condition, known)
    return validation if text == validation.condition else replace(validation, resolved=text)


def _output(output: Output, known: Mapping[str, str], shapes: Shapes) -> OutputValue:
    value = with_locals(output.value, known)
    description = (output.description or "").strip()
    return OutputValue(output.name, description, output.sensitive, output.ephemeral, value, shapes.of(value))


def _provider(values: Mapping[str, Any]) -> Provider:
    aliases = values.get("aliases")
    return Provider(**{**values, "aliases": None if aliases is None else tuple(aliases)})


def _input(values: Mapping[str, Any]) -> Input:
    validations = tuple(Validation(**one) for one in values.get("validations", ()))
    return Input(**{**values, "validations": validations})
