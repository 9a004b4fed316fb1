"""The `module` block to copy: the module's own minimal example, with its address in the registry for a source.

Where an example leans on anything outside its own block, placeholders stand in for its values.
"""

import re
from collections.abc import Mapping

from tfmodule.address import Address
from tfmodule.docs import module_block
from tfmodule.facts import Block
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.interface import Interface
from tfmodule.version import Version

_EXAMPLES = (
    "examples/minimal/main.tf",
    "examples/basic/main.tf",
    "examples/simple/main.tf",
    "examples/complete/main.tf",
)
_HERE = frozenset({"../..", "../../"})
# A word, a dot, a word: a reference. Inside quotes only interpolation refers to anything.
_REFERENCE = re.compile(r"\$\{|%\{|\b(?:var|local|data|module|each|count|path)\b\s*[.\[]|\b[a-z]\w*_\w+\.\w")
_META = frozenset({"source", "version", "providers", "count", "for_each", "depends_on"})


def usage_block(files: FileMap, host: str, address: Address, version: Version, interface: Interface) -> str:
    """A block that installs this version's line (`~> MAJOR.MINOR`); with an example's values it validates as it is."""
    # A prerelease is taken only by its exact name.
    constraint = str(version) if version.is_prerelease else f"~> {version.major}.{version.minor}"
    call = _example_call(files)
    values = _values(call) if call is not None else None
    if values is None:
        required = [item for item in interface.inputs if item.required]
        return module_block(host, address, constraint, required)
    lines = [f'module "{address.name}" {{', f'  source  = "{host}/{address}"', f'  version = "{constraint}"']
    if values:
        width = max(map(len, values))
        lines += ["", *(f"  {name.ljust(width)} = {text}" for name, text in values.items())]
    return "\n".join([*lines, "}"]) + "\n"


def _example_call(files: FileMap) -> Block | None:
    for path in _EXAMPLES:
        for block in parse(path, files[path]).blocks if path in files else ():
            if block.kind == "module" and block.literal("source") in _HERE:
                return block
    return None


def _values(call: Block) -> Mapping[str, str] | None:
    """The example's arguments, or None when one of them refers to something that would not come along."""
    if call.blocks or any(name in call.attributes for name in _META - {"source", "version"}):
        return None
    values = {name: one.text for name, one in call.attributes.items() if name not in _META}
    return None if any(_REFERENCE.search(text) for text in values.values()) else values
