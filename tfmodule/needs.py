"""What a module's code needs before it can run: other modules, providers, a Terraform. Read from the files alone.

Examples and tests are left out: whoever installs the module installs nothing for them. An example that the module
itself calls is none.
"""

import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tfmodule.address import Address
from tfmodule.facts import Block
from tfmodule.files import FileMap
from tfmodule.hcl import read_facts
from tfmodule.parts import own_parts
from tfmodule.sources import Kind, is_ours, provider_address, read_source, within

MODULE, LOCAL, PROVIDER, TERRAFORM = "module", "local", "provider", "terraform"
"""A module of our own registry, a directory of the same archive, a provider, a Terraform.

Every other kind is that of a source which leads elsewhere (`tfmodule.sources.Kind`).
"""


@dataclass(frozen=True)
class Need:
    """One need of one directory (`part`, empty for the root).

    `source` is as written, of a provider its full address; `constraint` is None where none is written. `target` is the
    directory that is called, in this archive or in the other module.
    """

    part: str
    kind: Kind | str
    name: str
    source: str
    constraint: str | None
    path: str
    line: int
    constraint_line: int
    target: str | None = None

    @property
    def address(self) -> Address | None:
        """Of a module of ours, which one."""
        return read_source(self.source).address if self.kind == MODULE else None


def needs_of(files: FileMap, hosts: Collection[str]) -> tuple[Need, ...]:
    """Everything the module itself needs, by directory and line; `hosts` are our own registry's. Never raises."""
    parts = {posixpath.dirname(path) for path in files if path.endswith(".tf")}
    needs = {part: tuple(_of_part(files, part, hosts)) for part in sorted(parts)}
    calls = {
        part: [need.target for need in found if need.kind == LOCAL and need.target is not None]
        for part, found in needs.items()
    }
    own = own_parts(calls)
    return tuple(need for part, found in needs.items() if part in own for need in found)


def _of_part(files: FileMap, part: str, hosts: Collection[str]) -> Iterator[Need]:
    facts = read_facts(files, part)
    for block in facts.blocks:
        if block.kind == "module" and block.labels:
            yield _call(part, block, hosts)
        if block.kind == "terraform" and "required_version" in block.attributes:
            line = block.attributes["required_version"].line
            text = block.literal("required_version")
            yield Need(part, TERRAFORM, TERRAFORM, "", text, block.path, line, line)
    for one in facts.required_providers:
        source = provider_address(one.source or one.name) or one.source or one.name
        yield Need(part, PROVIDER, one.name, source, one.version, one.path, one.line, one.line)


def _call(part: str, block: Block, hosts: Collection[str]) -> Need:
    text = block.literal("source") or block.text("source") or ""
    source = read_source(text)
    ours = is_ours(source, hosts)
    target = source.submodule if ours else within(part, source) if source.kind == "local" else None
    attributes = block.attributes
    return Need(
        part=part,
        kind=MODULE if ours else source.kind,
        name=block.labels[0],
        source=text,
        constraint=block.literal("version"),
        path=block.path,
        line=attributes["source"].line if "source" in attributes else block.line,
        constraint_line=attributes["version"].line if "version" in attributes else block.line,
        target=target,
    )
