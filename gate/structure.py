"""The house's standard module structure: the files, the documentation and the tests that our modules always have."""

import posixpath
from collections.abc import Iterator, Mapping

from gate.report import Finding
from tfmodule.facts import ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import read_facts

_FILES = (
    (("README.md",), "says what the module is for and how to call it"),
    (("LICENSE", "LICENSE.md", "LICENSE.txt"), "says under which terms others may use it"),
    (("CHANGELOG.md",), "says what changed from version to version"),
    (("main.tf",), "holds the resources"),
    (("variables.tf",), "holds the inputs"),
    (("outputs.tf",), "holds the outputs"),
    (("versions.tf", "terraform.tf"), "holds the required versions of Terraform and the providers"),
)


def check_structure(files: FileMap, parsed: Mapping[str, ParsedFile]) -> Iterator[Finding]:
    """Everything that is missing, each with what to add."""
    for names, purpose in _FILES:
        if not any(name in files for name in names):
            yield _error(f"`{names[0]}` is missing: it {purpose}.", fix=f"Add `{names[0]}` at the root of the module.")
    if not example_directories(files):
        fix = 'Add `examples/basic/main.tf` that calls the module with `source = "../../"`.'
        yield _error("There is no example.", fix=fix)
    if not any(path.endswith(".tftest.hcl") and posixpath.dirname(path) in ("", "tests") for path in parsed):
        yield _error("There is no test.", fix="Add `tests/basic.tftest.hcl` with a `run` block and mocked providers.")
    yield from _interface(files)


def example_directories(files: FileMap) -> tuple[str, ...]:
    """The directories directly below `examples/` that hold Terraform code."""
    found = {posixpath.dirname(path) for path in files if path.startswith("examples/") and path.endswith(".tf")}
    return tuple(sorted(directory for directory in found if directory.count("/") == 1))


def _interface(files: FileMap) -> Iterator[Finding]:
    facts = read_facts(files)
    if facts.required_version is None:
        fix = 'Add `required_version = ">= 1.5"` to the `terraform` block in versions.tf.'
        yield _error("The module does not say which Terraform it needs.", fix=fix)
    for requirement in facts.required_providers:
        if not requirement.version:
            message = f'The provider "{requirement.name}" has no version constraint.'
            yield _error(message, requirement.path, requirement.line, 'Add `version = ">= …"`.')
    for variable in facts.variables:
        if variable.type_text is None:
            yield _error(
                f'The variable "{variable.name}" has no type.', variable.path, variable.line, "Add `type = …`."
            )
        if not (variable.description or "").strip():
            message = f'The variable "{variable.name}" has no description.'
            yield _error(message, variable.path, variable.line, "Add `description = …`.")
    for output in facts.outputs:
        if not (output.description or "").strip():
            message = f'The output "{output.name}" has no description.'
            yield _error(message, output.path, output.line, "Add `description = …`.")


def _error(message: str, path: str | None = None, line: int | None = None, fix: str = "") -> Finding:
    return Finding("structure", "error", message, path, line, fix=fix)
