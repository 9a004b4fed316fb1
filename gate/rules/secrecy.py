"""What is secret: inputs by their name, arguments and attributes by the provider's schema."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from tfmodule.expressions import Reference
from tfmodule.facts import Variable
from tfmodule.schema_index import Schemas

_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secrets|token|tokens|credential|credentials|private_key|api_key"
    r"|access_key|secret_key|client_secret|auth_token)(?:_value|_string|s)?$"
)
_PLAIN_TYPES = re.compile(r"^\s*(?:bool|number)\b")


def secret_inputs(part: Part) -> frozenset[str]:
    """The inputs that are marked as sensitive, or sound so."""
    return frozenset(one.name for one in part.facts.variables if one.sensitive or sounds_secret(one))


def sounds_secret(variable: Variable) -> bool:
    """Whether an input's name says that it holds a secret; a switch or a length does not."""
    return bool(_NAME.search(variable.name)) and not _PLAIN_TYPES.match(variable.type_text or "")


def sensitive_attribute(schemas: Schemas | None, reference: Reference) -> bool:
    """Whether a reference reads an attribute that is secret: by the schema where one is known, else by its name."""
    parts = reference.parts
    data = parts[0] == "data"
    parts = parts[1:] if data else parts
    if len(parts) < 3 or parts[0] in ("var", "local", "module", "each", "self", "path"):
        return False
    known = schemas.find("data" if data else "resource", parts[0]) if schemas is not None else None
    if known is None:
        return bool(_NAME.search(parts[2]))
    attribute = known.attributes.get(parts[2])
    return attribute is not None and attribute.sensitive


def secret_variables(material: Material) -> Conclusion:
    """A secret input is `sensitive`, so that no plan prints it. Where the provider offers a write-only twin, `…_wo`,
    the secret need not even stand in the state.
    """
    by_schema = dict(_feeding(material))
    considered = [
        one
        for part in material.parts
        for one in part.facts.variables
        if sounds_secret(one) or (not part.directory and one.name in by_schema)
    ]

    def wrong() -> Iterator[Finding]:
        for one in considered:
            if not one.sensitive:
                why = f": it becomes `{by_schema[one.name]}`" if one.name in by_schema else ""
                message = f'The variable "{one.name}" holds a secret and is not sensitive{why}.'
                yield Finding("secret-inputs", "warning", message, one.path, one.line, fix="Add `sensitive = true`.")

    return counted([*wrong(), *_twins(material)], len(considered), "No input holds a secret.")


def _feeding(material: Material) -> Iterator[tuple[str, str]]:
    """Inputs that an argument takes as they are, where the schema calls the argument sensitive."""
    if material.schemas is None:
        return
    for block in material.root.blocks("resource"):
        known = material.schemas.find("resource", block.labels[0]) if len(block.labels) == 2 else None
        for name, attribute in block.attributes.items() if known is not None else ():
            match = re.fullmatch(r"var\.([\w-]+)", attribute.text.strip())
            schema = known.attributes.get(name) if known is not None else None
            if match and schema is not None and schema.sensitive:
                yield match[1], f"{block.labels[0]}.{name}"


def _twins(material: Material) -> Iterator[Finding]:
    if material.schemas is None:
        return
    for block in material.root.blocks("resource"):
        known = material.schemas.find("resource", block.labels[0]) if len(block.labels) == 2 else None
        for name, attribute in block.attributes.items() if known is not None else ():
            twin = known.attributes.get(f"{name}_wo") if known is not None else None
            if twin is not None and twin.write_only:
                message = f"`{name}` stands in the state; `{name}_wo` would not."
                fix = f"With Terraform 1.11 and an `ephemeral` variable, write `{name}_wo` instead."
                yield Finding("secret-inputs", "note", message, block.path, attribute.line, fix=fix)
