"""The parts of a module that no writer has to invent: versions, a first example and test, defaults for its mocks,
README, changelog, licence, and the settings of linters.

What a writer did supply stays as it is, save README, CHANGELOG, LICENSE and those settings, which are always
written here. Never a workflow.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from gate.fixes import FLOORS
from generator.mocking import with_mocks
from generator.request import Ask, Proposal
from generator.sanitise import sentence
from tfmodule.address import Address
from tfmodule.docs import interface_tables, module_block
from tfmodule.facts import ModuleFacts
from tfmodule.files import FileMap
from tfmodule.hcl import read_facts
from tfmodule.hcl_writer import Block, Reference, Value, document
from tfmodule.interface import Interface

REQUIRED_VERSION = ">= 1.7"
"""The floor of what we write: 1.7 brought mocks to `terraform test`."""

_TFLINT, _PRE_COMMIT = ".tflint.hcl", ".pre-commit-config.yaml"
_OWN_FILES = ("README.md", "CHANGELOG.md", "LICENSE", _TFLINT, _PRE_COMMIT)
_HOOKS = b"""repos:
  - repo: https://github.com/antonbabenko/pre-commit-terraform
    rev: v1.99.0
    hooks:
      - id: terraform_fmt
      - id: terraform_validate
      - id: terraform_tflint
"""


def complete(proposal: Proposal) -> FileMap:
    """The proposal's files and what is missing beside them, all but the README."""
    files = {path: data for path, data in proposal.files.items() if path not in _OWN_FILES}
    facts = read_facts(files)
    if facts.required_version is None and not facts.required_providers and "versions.tf" not in files:
        files["versions.tf"] = versions_file(REQUIRED_VERSION, _providers_used(facts))
    samples = {variable.name: sample(variable.type_text or "") for variable in facts.variables if variable.required}
    if not any(path.startswith("examples/minimal/") for path in files):
        outputs = [output.name for output in facts.outputs if not output.sensitive]
        files |= minimal_example(proposal.name, samples, outputs)
    if not any(path.startswith("tests/") and path.endswith(".tftest.hcl") for path in files):
        files["tests/defaults.tftest.hcl"] = _first_test(_providers_used(facts), samples)
    files = {**with_mocks(files)}
    files["CHANGELOG.md"] = _changelog(proposal)
    files["LICENSE"] = _licence()
    files[_TFLINT] = document([Block("plugin", ("terraform",), {"enabled": True, "preset": "all"})])
    files[_PRE_COMMIT] = _HOOKS
    return files


def with_readme(files: FileMap, proposal: Proposal, ask: Ask) -> FileMap:
    """The files and their README, whose tables are read from the code and whose example is the minimal one."""
    return {**files, "README.md": _readme(files, proposal, ask).encode()}


def versions_file(required_version: str, providers: Mapping[str, Mapping[str, str]]) -> bytes:
    """`versions.tf`: `providers` maps a local name to its `source` and, where known, `version`."""
    inner = (Block("required_providers", attributes=dict(providers)),) if providers else ()
    return document([Block("terraform", attributes={"required_version": required_version}, blocks=inner)])


def minimal_example(name: str, values: Mapping[str, Value], outputs: Iterable[str]) -> FileMap:
    """`examples/minimal`: the module called with these values, and every output passed on."""
    call = name.replace("-", "_")
    call = call if call[:1].isalpha() else f"m_{call}"
    blocks = [Block("module", (call,), {"source": "../../", **values})]
    handed_on = [_handed_on(call, output) for output in outputs]
    files = {"examples/minimal/main.tf": document(blocks)}
    if handed_on:
        files["examples/minimal/outputs.tf"] = document(handed_on)
    return files


def _handed_on(call: str, output: str) -> Block:
    value = Reference(f"module.{call}.{output}")
    return Block("output", (output,), {"description": f"The module's {output}.", "value": value})


def _providers_used(facts: ModuleFacts) -> dict[str, dict[str, str]]:
    names = sorted({thing.type.split("_", 1)[0] for thing in (*facts.resources, *facts.data_sources)} - {"terraform"})
    required = {name: {"source": f"hashicorp/{name}"} for name in names}
    return {name: {**entry, "version": FLOORS[name]} if name in FLOORS else entry for name, entry in required.items()}


def _first_test(providers: Iterable[str], values: Mapping[str, Value]) -> bytes:
    blocks = [Block("mock_provider", (provider,)) for provider in providers]
    inner = (Block("variables", attributes=values),) if values else ()
    blocks.append(Block("run", ("defaults",), {"command": Reference("plan")}, inner))
    return document(blocks)


def sample(type_text: str) -> Value:
    """A value that Terraform accepts for this type; a validation may still refuse it, and then the gate says so."""
    kind = type_text.replace(" ", "").split("(", 1)[0]
    samples: dict[str, Value] = {"number": 1, "bool": True, "list": [], "set": [], "tuple": [], "map": {}, "object": {}}
    return samples.get(kind, "example")


def _readme(files: FileMap, proposal: Proposal, ask: Ask) -> str:
    interface = Interface.from_facts(read_facts(files))
    parts = [f"# {sentence(proposal.title, 80)}", sentence(proposal.summary, 600), "## Usage"]
    if ask.registry_host:
        required = [variable.name for variable in interface.inputs if variable.required]
        address = Address(ask.namespace, proposal.name, proposal.system)
        parts += [_fenced(module_block(ask.registry_host, address, "~> 0.1", required)), "From inside this repository:"]
    parts.append(_fenced(files.get("examples/minimal/main.tf", b"").decode(errors="replace")))
    examples = sorted({path.split("/")[1] for path in files if path.startswith("examples/") and path.count("/") > 1})
    parts.append("Examples: " + ", ".join(f"[{name}](examples/{name})" for name in examples) + ".")
    if proposal.assumptions:
        parts += ["## Assumptions", _listed(proposal.assumptions)]
    if proposal.notes:
        parts += ["## Notes", _listed(proposal.notes)]
    parts.append(interface_tables(interface).strip())
    parts += [
        "## Tests",
        "`terraform init && terraform test` needs no credentials: the providers are mocked.",
        "## Licence",
        "Apache-2.0, see [LICENSE](LICENSE).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _fenced(code: str) -> str:
    # A fence longer than any run of backticks inside cannot be closed from inside.
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}hcl\n{code.strip()}\n{fence}"


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {sentence(line)}" for line in lines)


def _changelog(proposal: Proposal) -> bytes:
    return (
        "# Changelog\n\n"
        "Versions follow [semantic versioning](https://semver.org).\n\n"
        "## Unreleased\n\n"
        f"- First version: {sentence(proposal.summary, 600)}\n"
    ).encode()


@cache
def _licence() -> bytes:
    return (Path(__file__).parent / "license.txt").read_bytes()
