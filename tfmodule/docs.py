"""A module's interface as people read it: Markdown tables in the manner of terraform-docs, and the block to copy.

Descriptions come from strangers: everything that Markdown or HTML would act on is escaped here.
"""

import re
from collections.abc import Iterable, Sequence

from tfmodule.address import Address
from tfmodule.interface import Input, Interface

# What a required input is set to in the block to copy, by the first word of its type.
_PLACEHOLDERS = {"string": '""', "number": "0", "bool": "false", "list": "[]", "set": "[]", "tuple": "[]"}


def interface_tables(interface: Interface) -> str:
    """Requirements, inputs and outputs, each under a heading of the second level."""
    requirements = [("terraform", interface.required_version or "any")] if interface.required_version else []
    requirements += [(provider.name, provider.version or "any") for provider in interface.providers]
    sections = [
        _section("Requirements", ("Name", "Version"), [(name, _code(version)) for name, version in requirements]),
        _section(
            "Inputs",
            ("Name", "Description", "Type", "Default", "Required"),
            [
                (_code(i.name), _text(i.description), _code(i.type), _default(i), "yes" if i.required else "no")
                for i in sorted(interface.inputs, key=lambda item: (not item.required, item.name))
            ],
        ),
        _section(
            "Outputs",
            ("Name", "Description", "Sensitive"),
            [(_code(o.name), _text(o.description), "yes" if o.sensitive else "no") for o in interface.outputs],
        ),
    ]
    return "\n".join(sections)


def module_block(host: str, address: Address, version_constraint: str, required_inputs: Iterable[Input | str]) -> str:
    """The `module` block that installs this module, with a placeholder for every input it demands."""
    inputs = [(item, "") if isinstance(item, str) else (item.name, item.type) for item in required_inputs]
    lines = [
        f'module "{address.name}" {{',
        f'  source  = "{host}/{address}"',
        f'  version = "{version_constraint}"',
    ]
    if inputs:
        width = max(len(name) for name, _ in inputs)
        lines.append("")
        lines += [f"  {name.ljust(width)} = {_placeholder(type_text)}" for name, type_text in inputs]
    return "\n".join([*lines, "}"]) + "\n"


def _placeholder(type_text: str) -> str:
    word = re.match(r"[a-z]*", type_text)
    kind = word.group() if word else ""
    if kind in ("map", "object"):
        return "{}"
    return _PLACEHOLDERS.get(kind, '""' if not kind else "null")


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return f"## {title}\n\nNone.\n"
    lines = [f"## {title}", "", _row(columns), _row(["---"] * len(columns)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _default(item: Input) -> str:
    if item.required:
        return "n/a"
    return _code(item.default or "null")


def _code(text: str) -> str:
    """A code span; the fence is longer than any run of backticks inside, and the table's bar is escaped."""
    flat = re.sub(r"\s+", " ", text).strip().replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _text(text: str) -> str:
    # Code spans survive, since descriptions use them; everything else that Markdown acts on is neutralised.
    flat = re.sub(r"\s+", " ", text).strip() or "n/a"
    if flat.count("`") % 2:
        return _escape(flat).replace("`", "\\`")
    parts = flat.split("`")
    return "`".join(part.replace("|", "\\|") if inside % 2 else _escape(part) for inside, part in enumerate(parts))


def _escape(text: str) -> str:
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*_\[\]#|!~])", r"\\\1", html)
