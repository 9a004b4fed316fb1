"""Which version of each provider a module would be given, chosen as `terraform init` chooses it. Reads no disk.

A running provider is handed to an engine without `init` comparing versions, so the comparison is made here; where the
answer is not plain, none is given and `init` decides from the mirror.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gate.modules import NO_MODULES, Modules
from gate.providers import BUILTIN, local_names, needed_providers, requirements
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.facts import ParsedFile
from tfmodule.hcl import parse
from tfmodule.parts import is_beside
from tfmodule.version import InvalidVersionError, Version

Demands = Mapping[str, tuple[tuple[str, ...], ...]]
"""Provider source → for each configuration that is initialised, the constraints that hold together in it."""


@dataclass(frozen=True)
class _Said:
    source: str
    constraint: str
    example: str
    """The example's directory; "" for what every configuration contains."""


def demands_of(parsed: Mapping[str, ParsedFile], modules: Modules = NO_MODULES) -> Demands:
    """What the module, its examples and the called modules of our registry ask of their providers."""
    code = dict(parsed)
    for number, module in enumerate(modules.found.values()):
        for path, data in module.files.items():
            if path.endswith(".tf") and not is_beside(path):
                code[f"modules/.called/{number}/{path}"] = parse(path, data)
    said = list(_all(code))
    sources = {provider.source for provider in needed_providers(code)} - {BUILTIN}
    examples = sorted({one.example for one in said if one.example})
    return {
        source: tuple(
            tuple(one.constraint for one in said if one.source == source and one.example in ("", example))
            for example in ("", *examples)
        )
        for source in sorted(sources)
    }


def choose(demands: Demands, available: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    """Source → the one version that `init` would install in every configuration; undecided sources are left out."""
    chosen: dict[str, str] = {}
    for source, configurations in demands.items():
        versions = list(_readable(available.get(source, ())))
        try:
            answers = {_newest(constraints, versions) for constraints in configurations}
        except InvalidConstraintError:
            continue  # Terraform's own words about it are better than ours
        answer = answers.pop() if len(answers) == 1 else None
        if answer is not None:
            chosen[source] = str(answer)
    return chosen


def _newest(constraints: tuple[str, ...], versions: list[Version]) -> Version | None:
    joined = Constraints(Dialect.PROVIDER)
    for text in constraints:
        joined = joined.together(Constraints.parse(Dialect.PROVIDER, text))
    return joined.choose(versions)


def _readable(texts: Iterable[str]) -> Iterable[Version]:
    for text in texts:
        try:
            yield Version.parse(text)
        except InvalidVersionError:
            continue


def _all(parsed: Mapping[str, ParsedFile]) -> Iterable[_Said]:
    for directory in sorted({posixpath.dirname(path) for path in parsed}):
        files = [file for path, file in sorted(parsed.items()) if posixpath.dirname(path) == directory]
        names = local_names(files)
        parts = directory.split("/")
        example = "/".join(parts[:2]) if parts[0] == "examples" else ""
        for file in files:
            for one in requirements(file):
                source = names.get(one.name)
                if source and one.version is not None:
                    yield _Said(source, one.version, example)
            for block in file.blocks:
                # The old place of a constraint, which `init` still honours.
                if block.kind == "provider" and block.labels and "version" in block.attributes:
                    source = names.get(block.labels[0]) or f"registry.terraform.io/hashicorp/{block.labels[0]}"
                    yield _Said(source, block.literal("version") or "an expression", example)
