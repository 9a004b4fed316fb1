"""Which Terraform and which providers a module says it needs, against what its code uses."""

from collections.abc import Iterator

from gate.conclusion import Conclusion, counted, not_applicable
from gate.material import Material
from gate.providers import BUILTIN, local_names, needed_providers, requirements
from gate.report import Finding
from gate.rules.inputs import refers_to_others
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.parts import is_beside
from tfmodule.version import Version

_TERRAFORM, PROVIDERS = "terraform-version", "provider-floors"


def terraform_version(material: Material) -> Conclusion:
    """`required_version` has a lower bound, and one that knows everything the code uses: whoever has an older
    Terraform reads that, and not a puzzling error.
    """
    return counted(_terraform(material))


def _terraform(material: Material) -> Iterator[Finding]:
    block = next((b for b in material.root.blocks("terraform") if "required_version" in b.attributes), None)
    feature, needed = max(_features(material), key=lambda one: one[1], default=("", (0, 0)))
    wanted = f'Write `required_version = ">= {needed[0] or 1}.{needed[1] or 7}"`.'
    if block is None:
        yield Finding(_TERRAFORM, "warning", "The module does not say which Terraform it needs.", fix=wanted)
        return
    line = block.attributes["required_version"].line
    floor = lower_bound(Dialect.TERRAFORM, block.literal("required_version") or "")
    if floor is None:
        message = "`required_version` has no lower bound."
        yield Finding(_TERRAFORM, "warning", message, block.path, line, fix=wanted)
    elif (floor.major, floor.minor) < needed:
        message = f"`required_version` begins at {floor.major}.{floor.minor}, but {feature} needs {_dotted(needed)}."
        yield Finding(_TERRAFORM, "warning", message, block.path, line, fix=wanted)


def _dotted(release: tuple[int, int]) -> str:
    return f"{release[0]}.{release[1]}"


def _features(material: Material) -> Iterator[tuple[str, tuple[int, int]]]:
    """What the module and its tests use that not every Terraform knows, with the first that does."""
    for file in material.tests:
        if any(block.kind == "mock_provider" for block in file.blocks):
            yield "`mock_provider`", (1, 7)
    for part in material.parts:
        if any("optional(" in (one.type_text or "") for one in part.facts.variables):
            yield "`optional`", (1, 3)
        if any(refers_to_others(one) for one in part.facts.variables):
            yield "a validation that looks at another value", (1, 9)
        kinds = {block.kind for block in part.blocks("check", "removed", "import", "ephemeral")}
        yield from (
            (f"`{kind}`", {"check": (1, 5), "import": (1, 5), "removed": (1, 7)}.get(kind, (1, 10))) for kind in kinds
        )
        if any(block.text("ephemeral") == "true" for block in part.blocks("variable", "output")):
            yield "`ephemeral`", (1, 10)
        for block, attribute, _ in part.expressions:
            if block.kind == "resource" and attribute.name.endswith("_wo"):
                yield f"the write-only argument `{attribute.name}`", (1, 11)
            if "provider::" in attribute.text:
                yield "a function of a provider", (1, 8)


def lower_bound(dialect: Dialect, text: str) -> Version | None:
    """The least version that a constraint lets through, as far as one of its terms says so."""
    try:
        terms = Constraints.parse(dialect, text).terms
    except InvalidConstraintError:
        return None
    return max((term.bound for term in terms if term.operator in (">=", ">", "~>", "=", "")), default=None)


def provider_floors(material: Material) -> Conclusion:
    """Every provider is declared with its source and a floor, `>= x.y`, and at most the next major version as a
    bound: a module that pins more cannot be used beside another.
    """
    needed = [one for one in needed_providers(material.parsed) if one.source != BUILTIN and _own(one.path)]
    if not needed:
        return not_applicable("The module needs no provider but Terraform's own.")
    return counted([*_undeclared(material), *_unbounded(material)], len(needed))


def _own(path: str) -> bool:
    return not is_beside(path)


def _undeclared(material: Material) -> Iterator[Finding]:
    for part in material.parts:
        declared = local_names(list(part.files))
        for one in needed_providers({file.path: file for file in part.files}):
            if one.source != BUILTIN and one.name not in declared:
                message = f'The provider "{one.name}" is used and not declared.'
                fix = f'Add it to `required_providers` with `source = "{_short(one.source)}"` and a floor.'
                yield Finding(PROVIDERS, "warning", message, one.path, one.line, fix=fix)


def _short(source: str) -> str:
    return source.removeprefix("registry.terraform.io/")


def _unbounded(material: Material) -> Iterator[Finding]:
    for part in material.parts:
        for one in (requirement for file in part.files for requirement in requirements(file)):
            if one.source is None:
                message, fix = f'The provider "{one.name}" has no source.', f'Add `source = "hashicorp/{one.name}"`.'
                yield Finding(PROVIDERS, "warning", message, one.path, one.line, fix=fix)
            elif not _has_floor(one.version or ""):
                message = f'The provider "{one.name}" has no floor that leaves newer versions open.'
                fix = 'Write `version = ">= x.y"`, with `, < x` below a major version that was not tried.'
                yield Finding(PROVIDERS, "warning", message, one.path, one.line, fix=fix)


def _has_floor(text: str) -> bool:
    try:
        terms = Constraints.parse(Dialect.PROVIDER, text).terms if text else ()
    except InvalidConstraintError:
        return False
    loose = [term for term in terms if term.operator == ">=" or (term.operator == "~>" and term.given <= 2)]
    return bool(loose) and not any(term.operator in ("", "=") for term in terms)
