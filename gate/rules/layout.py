"""Which files a module has: the standard ones, its examples, its tests, and the settings of its linters."""

import posixpath
from collections.abc import Collection, Iterator

import yaml

from gate.conclusion import PASSED, Conclusion, counted, not_applicable
from gate.material import Material
from gate.mocked import unmocked
from gate.providers import needed_providers
from gate.report import Finding
from gate.structure import FILES, example_directories
from tfmodule.facts import Block
from tfmodule.hcl import parse

_CALLS_ROOT = frozenset({"../..", "../../"})
_META = frozenset({"source", "version", "providers", "count", "for_each", "depends_on"})
TFLINT_RULES = (
    "terraform_comment_syntax",
    "terraform_deprecated_index",
    "terraform_deprecated_interpolation",
    "terraform_documented_outputs",
    "terraform_documented_variables",
    "terraform_module_pinned_source",
    "terraform_naming_convention",
    "terraform_required_providers",
    "terraform_required_version",
    "terraform_standard_module_structure",
    "terraform_typed_variables",
    "terraform_unused_declarations",
    "terraform_workspace_remote",
)
_LARGEST = 64 << 10


def standard_files(material: Material) -> Conclusion:
    """Whoever knows one module knows where to look in the next: code, inputs, outputs and versions each have their
    file, README, LICENSE and CHANGELOG theirs.
    """
    return counted(_missing_files(material), len(FILES))


def _missing_files(material: Material) -> Iterator[Finding]:
    for names, purpose in FILES:
        if not any(name in material.files for name in names):
            message = f"`{names[0]}` is missing: it {purpose}."
            fix = f"Add `{names[0]}` at the root of the module."
            yield Finding("standard-files", "warning", message, fix=fix)


def examples_pair(material: Material) -> Conclusion:
    """`examples/minimal` shows the least that works, with required inputs only; `examples/complete` shows what there
    is.
    """
    return counted(_examples(material), 2)


def _examples(material: Material) -> Iterator[Finding]:
    there = example_directories(material.files)
    for name, purpose in (("minimal", "the required inputs only"), ("complete", "most of the inputs")):
        if f"examples/{name}" not in there:
            fix = f'Add `examples/{name}/main.tf` that calls the module with `source = "../../"` and {purpose}.'
            yield Finding("example-pair", "warning", f"There is no example `{name}`.", fix=fix)
    required = {variable.name for variable in material.root.facts.variables if variable.required}
    for call in _calls(material, "examples/minimal"):
        for name, attribute in call.attributes.items():
            if name not in _META and name not in required:
                message = f"The minimal example sets `{name}`, which is not required."
                fix = "Leave it out here, and set it in `examples/complete`."
                yield Finding("example-pair", "warning", message, call.path, attribute.line, fix=fix)
                return


def _calls(material: Material, directory: str) -> Iterator[Block]:
    for path, file in sorted(material.parsed.items()):
        if posixpath.dirname(path) == directory and path.endswith(".tf"):
            for block in file.blocks:
                if block.kind == "module" and block.literal("source") in _CALLS_ROOT:
                    yield block


def examples_work(material: Material) -> Conclusion:
    """An example is what people copy: each must initialise and validate as the module itself does."""
    if not example_directories(material.files):
        return not_applicable("There is no example.")
    outcomes = [material.engine[name] for name in ("init", "validate") if name in material.engine]
    if not outcomes:
        return Conclusion("undecided", note="No engine ran.")
    wrong = [
        finding
        for conclusion in outcomes
        for finding in conclusion.findings
        if finding.severity == "error" and (finding.path or "").startswith("examples/")
    ]
    if wrong:
        return Conclusion("failed", note=f"{len(wrong)} findings of `init` and `validate` are in examples.")
    worst = next((one for one in outcomes if one.outcome != "passed"), None)
    if worst is None:
        return _ran(len(example_directories(material.files)), material.ran)
    return Conclusion(
        "undecided" if worst.outcome == "undecided" else "skipped", note="The module itself is not valid."
    )


def _ran(there: int, ran: Collection[str] | None) -> Conclusion:
    if ran is None:
        return PASSED
    count = sum(directory.startswith("examples/") for directory in ran)
    if count == there:
        return PASSED
    note = f"{count} of {there} examples could be run here; the findings say why."
    return Conclusion("passed" if count else "not-applicable", note=note)


def tests_offline(material: Material) -> Conclusion:
    """Tests lie in `tests/`, and mock every provider that would call a cloud: whoever has the code can run them."""
    return counted(_tests(material))


def _tests(material: Material) -> Iterator[Finding]:
    inside = [file for file in material.tests if file.path.startswith("tests/")]
    if not inside:
        fix = "Add `tests/defaults.tftest.hcl` with a `run` block and a `mock_provider` for each provider."
        yield Finding("tests-offline", "warning", "There is no test in `tests/`.", fix=fix)
    needed = needed_providers(material.parsed)
    for file in material.tests:
        for name in unmocked(file.path, material.parsed, needed):
            message = f"The test would call the real provider `{name}`."
            fix = f'Add `mock_provider "{name}" {{}}`.'
            yield Finding("tests-offline", "warning", message, file.path, 1, fix=fix)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def test_coverage(material: Material) -> Iterator[Finding]:
    """One run at least for each example, and one that sets each feature flag."""
    runs, examples = len(material.runs), example_directories(material.files)
    if runs < max(len(examples), 1):
        message = f"The tests have {_count(runs, 'run')} for {_count(len(examples), 'example')}."
        if not examples:
            message = "There is no test with a `run` block."
        place = material.tests[0].path if material.tests else None
        fix = "Write a `run` block for each example, with the values that it gives."
        if not examples:
            fix = "Write a `run` block that gives the values a caller would give."
        yield Finding("test-coverage", "error", message, place, 1 if place else None, fix=fix)
    named = {name for file in material.tests for block in file.walk() for name in block.attributes}
    for name, line, path in _flags(material):
        if name not in named:
            fix = f"Write a `run` block whose `variables` set `{name}`, with an `assert` on what that changes."
            message = f'No test sets the feature flag "{name}".'
            yield Finding("test-coverage", "error", message, path, line, fix=fix)


def _flags(material: Material) -> Iterator[tuple[str, int, str]]:
    """Inputs of the type bool that decide whether something is there."""
    deciding: set[str] = set()
    for block, attribute, expression in material.root.expressions:
        if block.kind in ("resource", "data", "module") and attribute.name in ("count", "for_each"):
            deciding |= {one.parts[1] for one in expression.references if one.parts[0] == "var"}
    for variable in material.root.facts.variables:
        if variable.type_text == "bool" and variable.name in deciding:
            yield variable.name, variable.line, variable.path


def linters(material: Material) -> Conclusion:
    """`.tflint.hcl` switches on the thirteen rules for Terraform's language, and `.pre-commit-config.yaml` runs the
    linters before a commit: what a machine can say early, no reviewer has to.
    """
    return counted([*_tflint(material), *_pre_commit(material)], 2)


def _tflint(material: Material) -> Iterator[Finding]:
    path = ".tflint.hcl"
    data = material.files.get(path)
    if data is None:
        fix = f"Add it, with `rule` blocks for {', '.join(TFLINT_RULES)}."
        yield Finding("linter-settings", "warning", f"`{path}` is missing.", fix=fix)
        return
    file = parse(path, data)
    if file.problems:
        yield Finding("linter-settings", "warning", f"`{path}` cannot be read.", path, file.problems[0].line)
        return
    plugin = any(block.kind == "plugin" and block.labels == ("terraform",) for block in file.blocks)
    everything = any(block.literal("preset") == "all" for block in file.blocks if block.kind == "plugin")
    on = {block.labels[0] for block in file.blocks if block.kind == "rule" and block.text("enabled") == "true"}
    missing = [rule for rule in TFLINT_RULES if rule not in on]
    if missing and not (plugin and everything):
        message = f"`{path}` does not switch on {', '.join(missing)}."
        fix = f'Add `rule "{missing[0]}" {{` with `enabled = true`, and so for each.'
        yield Finding("linter-settings", "warning", message, path, 1, fix=fix)


def _pre_commit(material: Material) -> Iterator[Finding]:
    path = ".pre-commit-config.yaml"
    data = material.files.get(path)
    if data is None:
        fix = "Add it, with hooks for `terraform fmt`, `terraform validate` and tflint."
        yield Finding("linter-settings", "warning", f"`{path}` is missing.", fix=fix)
        return
    values = read_yaml(data)
    repositories = values.get("repos") if isinstance(values, dict) else None
    if not isinstance(repositories, list) or not repositories:
        fix = "Write a list `repos`, as pre-commit's documentation shows."
        yield Finding("linter-settings", "warning", f"`{path}` names no repository of hooks.", path, 1, fix=fix)


def read_yaml(data: bytes) -> object:
    """The values of a small YAML file of strangers; None for what cannot be read."""
    # Merged aliases multiply; deep nesting ends in a RecursionError.
    merges = b"<<:" in data and b"*" in data
    if len(data) > _LARGEST or merges or data.count(b"[") + data.count(b"{") > 1000:
        return None
    try:
        return yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
