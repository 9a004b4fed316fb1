"""Makes a test of a brief's assertions: `tests/acceptance.tftest.hcl`, run with mocked providers like every other test.

Every sentence of the brief gets into the file. What the module does not even have is asserted all the same, and fails;
what no test can show stands there as a remark that the gate counts. Every text of the brief is quoted.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gate.acceptance import PATH, UNPROVED
from generator import scaffold
from generator.brief import Assertion, Brief, Scalar
from generator.mocking import with_mocks
from generator.sanitise import sentence
from tfmodule.expressions import read_expression
from tfmodule.facts import Block, ModuleFacts, ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import facts_of, parse
from tfmodule.hcl_writer import aligned, literal

_NOTHING = "[for one in [] : path.module]"
"""No value at all, in words that Terraform takes for a condition: it refuses one that refers to nothing."""
_HEAD = "# What the request asked for, sentence by sentence. Terrasmith wrote it from the brief that was confirmed.\n"
_TEST_BLOCKS = frozenset({"mock_provider", "override_resource", "override_data", "override_module"})


def with_acceptance(files: FileMap, brief: Brief | None) -> FileMap:
    """The files with the brief's acceptance test, and with no other under that name."""
    kept = {path: data for path, data in files.items() if path != PATH}
    if brief is None or not (brief.assertions or brief.unproved):
        return kept
    return with_mocks({**kept, PATH: _written(kept, brief).encode()})


def _written(files: FileMap, brief: Brief) -> str:
    parsed = {path: parse(path, data) for path, data in sorted(files.items()) if path.endswith((".tf", ".tftest.hcl"))}
    root = [file for path, file in parsed.items() if path.endswith(".tf") and "/" not in path]
    facts = facts_of(root)
    parts = [_HEAD]
    parts += [f"{UNPROVED}{sentence(text)}\n" for text in brief.unproved]
    if brief.assertions:
        model = _model_test(files, parsed)
        parts += _mocks(files, model, facts)
        parts.append(_variables(parsed, facts))
        parts.append(_run(brief.assertions, root, facts, _handed(model)))
    return "\n".join(part for part in parts if part)


# What the test stands on


def _model_test(files: FileMap, parsed: Mapping[str, ParsedFile]) -> ParsedFile | None:
    """The module's own test that mocks the most: whoever wrote it knows what the module needs."""
    tests = [file for path, file in parsed.items() if path in files and path.startswith("tests/")]
    tests = [file for file in tests if file.path.endswith(".tftest.hcl") and not file.problems]
    return max(tests, key=lambda file: sum(block.kind == "mock_provider" for block in file.blocks), default=None)


def _mocks(files: FileMap, model: ParsedFile | None, facts: ModuleFacts) -> list[str]:
    blocks = [block for block in model.blocks if block.kind in _TEST_BLOCKS] if model is not None else []
    mocked = {block.labels[0] for block in blocks if block.kind == "mock_provider" and block.labels}
    wanted = {one.name for one in facts.required_providers} | {
        thing.provider or thing.type.split("_", 1)[0] for thing in (*facts.resources, *facts.data_sources)
    }
    missing = sorted(wanted - mocked - {"terraform"})
    return [_text(files, block) for block in blocks] + [f'mock_provider "{name}" {{}}\n' for name in missing]


def _text(files: FileMap, block: Block) -> str:
    """A block as it is written."""
    lines = files[block.path].decode(errors="replace").split("\n")
    return "\n".join(lines[block.line - 1 : block.end_line]) + "\n"


def _handed(model: ParsedFile | None) -> str | None:
    """Which providers the runs of the module's own test hand over, where it has several of a kind."""
    runs = [block for block in model.blocks if block.kind == "run"] if model is not None else []
    return next((text for run in runs if (text := run.text("providers")) is not None), None)


def _variables(parsed: Mapping[str, ParsedFile], facts: ModuleFacts) -> str:
    """The required inputs: as the minimal example has them, else made up. Everything else keeps its default."""
    shown = _example(parsed)
    values = {
        one.name: shown.get(one.name) or literal(scaffold.sample(one.type_text or ""))
        for one in facts.variables
        if one.required
    }
    if not values:
        return ""
    lines = "\n".join(f"  {name} = {value}" for name, value in values.items()).split("\n")
    return "\n".join(["variables {", *aligned(lines), "}", ""])


def _example(parsed: Mapping[str, ParsedFile]) -> dict[str, str]:
    """The arguments of the minimal example's call that stand for themselves."""
    calls = [
        block
        for path, file in parsed.items()
        if posixpath.dirname(path) == "examples/minimal"
        for block in file.blocks
        if block.kind == "module" and (block.literal("source") or "").rstrip("/") == "../.."
    ]
    if len(calls) != 1:
        return {}
    return {name: one.text for name, one in calls[0].attributes.items() if not read_expression(one.text).references}


# What it says


def _run(assertions: Iterable[Assertion], root: Sequence[ParsedFile], facts: ModuleFacts, handed: str | None) -> str:
    parts = ['run "accepted" {\n  command = apply\n']
    if handed is not None:
        parts.append(f"  providers = {handed}\n")
    parts += [_assertion(one, root, facts) for one in assertions]
    return "\n".join(parts) + "}\n"


def _assertion(one: Assertion, root: Sequence[ParsedFile], facts: ModuleFacts) -> str:
    things = _things(one.address, root, facts)
    says = sentence(one.says)
    if things is None:
        says += f" (The module has no {one.address.removesuffix('.*')}.)"
    lines = ["  assert {", f"    condition     = {_condition(one, things)}", f"    error_message = {literal(says)}"]
    return "\n".join([*lines, "  }", ""])


def _condition(one: Assertion, things: str | None) -> str:
    if one.operator == "count":
        return f"length({things or _NOTHING}) == {one.value}"
    if things is None:
        return f"length({_NOTHING}) > 0"
    values = _values(things, one.path)
    match one.operator:
        case "equals":
            return f"toset([for one in {values} : tostring(one)]) == toset([{_as_text(one.value)}])"
        case "not_equals" | "excludes":
            return f"!contains([for one in {values} : tostring(one)], {_as_text(one.value)})"
        case "contains":
            return f"contains([for one in {values} : tostring(one)], {_as_text(one.value)})"
        case "at_least":
            return f"min({values}...) >= {literal(one.value)}"
        case "at_most":
            return f"max({values}...) <= {literal(one.value)}"
        case "present":
            return f"toset([for one in {values} : one != null]) == toset([true])"
        case "absent":
            return f"alltrue([for one in {values} : one == null])"


def _as_text(value: Scalar) -> str:
    """Compared as text, so that `5` is "5": who says what must hold need not know the schema's types."""
    return literal(value if isinstance(value, str) else literal(value))


def _things(address: str, root: Sequence[ParsedFile], facts: ModuleFacts) -> str | None:
    """An expression for the list of what stands at the address; None where the module has no such thing."""
    kind, _, name = address.partition(".")
    if kind in ("output", "var"):
        known = {one.name for one in (facts.outputs if kind == "output" else facts.variables)}
        return f"[{address}]" if name in known else None
    found = list(_instances(address, root))
    if not found:
        return None
    return found[0] if len(found) == 1 else f"concat({', '.join(found)})"


def _instances(address: str, root: Sequence[ParsedFile]) -> Iterator[str]:
    data = address.startswith("data.")
    kind, _, name = address.removeprefix("data.").partition(".")
    for block in (block for file in root for block in file.blocks):
        if block.kind != ("data" if data else "resource") or len(block.labels) != 2:
            continue
        if block.labels[0] != kind or name not in ("*", block.labels[1]):
            continue
        place = f"{'data.' if data else ''}{kind}.{block.labels[1]}"
        if "for_each" in block.attributes:
            yield f"values({place})"
        else:
            yield place if "count" in block.attributes else f"[{place}]"


def _values(things: str, path: str) -> str:
    """Every value at the path, through lists and sets of blocks alike."""
    found = f"flatten({things})" if not path else things
    for depth, step in enumerate(path.split(".") if path else ()):
        found = f"flatten([for one in {found} : one.{step}{' if one != null' if depth else ''}])"
    return found
