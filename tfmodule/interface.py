"""What a module asks for and gives back: the part its users depend on.

Plain values; it compares and renders nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfmodule.facts import ModuleFacts, Validation


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


@dataclass(frozen=True)
class OutputValue:
    name: str
    description: str
    sensitive: bool = False


@dataclass(frozen=True)
class Provider:
    """`source` as written, such as `hashicorp/aws`; `version` is a constraint, empty when any will do."""

    name: str
    source: str
    version: str


@dataclass(frozen=True)
class Interface:
    inputs: tuple[Input, ...] = ()
    outputs: tuple[OutputValue, ...] = ()
    providers: tuple[Provider, ...] = ()
    required_version: str = ""

    @classmethod
    def from_facts(cls, facts: ModuleFacts) -> "Interface":
        """Sorted by name: the order in the files is no part of the promise."""
        inputs = (
            Input(
                name=variable.name,
                type=variable.type_text or "any",
                description=(variable.description or "").strip(),
                default=variable.default_text,
                required=variable.required,
                sensitive=variable.sensitive,
                nullable=variable.nullable,
                validations=variable.validations,
            )
            for variable in facts.variables
        )
        outputs = (OutputValue(o.name, (o.description or "").strip(), o.sensitive) for o in facts.outputs)
        providers = (
            Provider(p.name, p.source or f"hashicorp/{p.name}", p.version or "") for p in facts.required_providers
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
            providers=tuple(Provider(**item) for item in values["providers"]),
            required_version=values.get("required_version", ""),
        )

    @property
    def required_inputs(self) -> tuple[Input, ...]:
        return tuple(item for item in self.inputs if item.required)


def _input(values: Mapping[str, Any]) -> Input:
    validations = tuple(Validation(**one) for one in values.get("validations", ()))
    return Input(**{**values, "validations": validations})
