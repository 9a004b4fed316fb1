"""The code against the providers' schemas: names that exist, arguments that may be set, nothing that is deprecated."""

from collections.abc import Iterator
from itertools import chain, islice

from gate.conclusion import MOST_FINDINGS, Conclusion, counted, gated, not_applicable
from gate.material import Material, Part
from gate.report import Finding
from gate.rules.versions import lower_bound
from tfmodule.constraints import Dialect
from tfmodule.facts import Block
from tfmodule.schema_index import Body

KNOWN, DEPRECATED = "schema", "deprecated"
_META = frozenset({"count", "for_each", "provider", "depends_on"})
_META_BLOCKS = frozenset({"lifecycle", "provisioner", "connection", "timeouts"})
_WITHOUT = "The schemas of the module's providers are not at hand."


def known_names(material: Material) -> Conclusion:
    """Every type, argument and block exists in the provider's schema; for one that does not, the nearest name that
    does is told. Write-only arguments need Terraform 1.11, and stand alone.
    """
    if material.schemas is None:
        # `validate` asked the provider itself; the index only says it with the nearest name.
        validated = material.engine.get("validate")
        if validated is not None and validated.outcome == "passed":
            return not_applicable(f"{_WITHOUT} `validate` found nothing that they do not know.")
        return not_applicable(_WITHOUT)
    found = (
        finding for part in material.parts for finding in chain(_write_only(material, part), _unknown(material, part))
    )
    # Looking for the nearest name takes milliseconds each time.
    return gated(islice(found, MOST_FINDINGS))


def _unknown(material: Material, part: Part) -> Iterator[Finding]:
    assert material.schemas is not None
    for block in part.blocks("resource", "data", "ephemeral"):
        if len(block.labels) != 2 or not material.schemas.knows(block.labels[0]):
            continue
        body = material.schemas.find(block.kind, block.labels[0])
        if body is None:
            meant = material.schemas.nearest(block.kind, block.labels[0])
            message = (
                f"The provider has no {'data source' if block.kind == 'data' else block.kind} `{block.labels[0]}`."
            )
            fix = f"Did you mean `{meant}`?" if meant else "Look it up in the provider's documentation."
            yield Finding(KNOWN, "error", message, block.path, block.line, fix=fix)
        else:
            yield from _in_body(block, body)


def _in_body(top: Block, body: Body) -> Iterator[Finding]:
    waiting = [(top, body)]
    while waiting:
        block, known = waiting.pop()
        if known.open:
            continue
        for name, attribute in block.attributes.items():
            schema = known.attributes.get(name)
            if schema is None and name not in known.blocks and not (block is top and name in _META):
                yield _unknown_name(top, known, name, attribute.line, "argument")
            elif schema is not None and not schema.settable:
                message = f"`{name}` of `{top.labels[0]}` is given by the provider and cannot be set."
                yield Finding(KNOWN, "error", message, top.path, attribute.line, fix="Remove it.")
        for inner in block.blocks:
            name = inner.labels[0] if inner.kind == "dynamic" and inner.labels else inner.kind
            content = [one for one in inner.blocks if one.kind == "content"] if inner.kind == "dynamic" else [inner]
            if name in known.blocks:
                waiting += [(one, known.blocks[name]) for one in content]
            elif name not in _META_BLOCKS and name not in known.attributes:
                yield _unknown_name(top, known, name, inner.line, "block")


def _unknown_name(top: Block, known: Body, name: str, line: int, what: str) -> Finding:
    meant = known.nearest(name)
    fix = f"Did you mean `{meant}`?" if meant else "Look it up in the provider's documentation."
    return Finding(KNOWN, "error", f"`{top.labels[0]}` has no {what} `{name}` here.", top.path, line, fix=fix)


def _write_only(material: Material, part: Part) -> Iterator[Finding]:
    assert material.schemas is not None
    floor = lower_bound(Dialect.TERRAFORM, part.facts.required_version or material.root.facts.required_version or "")
    for block in part.blocks("resource"):
        body = material.schemas.find("resource", block.labels[0]) if len(block.labels) == 2 else None
        for name, attribute in block.attributes.items() if body is not None else ():
            schema = body.attributes.get(name) if body is not None else None
            if schema is None or not schema.write_only:
                continue
            twin = name.removesuffix("_wo")
            if twin != name and twin in block.attributes:
                message = f"`{twin}` and `{name}` are both given."
                yield Finding(KNOWN, "error", message, block.path, attribute.line, fix=f"Remove `{twin}`.")
            if floor is None or (floor.major, floor.minor) < (1, 11):
                message = f"`{name}` is write-only, which Terraform knows since 1.11."
                fix = 'Write `required_version = ">= 1.11"`.'
                yield Finding(KNOWN, "error", message, block.path, attribute.line, fix=fix)


def deprecated(material: Material) -> Conclusion:
    """Nothing that the provider calls deprecated: its next major version removes it."""
    if material.schemas is None:
        return not_applicable(f"{_WITHOUT} Nobody looked for what is deprecated.")
    considered, wrong = 0, list[Finding]()
    for part in material.parts:
        for block in part.blocks("resource", "data"):
            body = material.schemas.find(block.kind, block.labels[0]) if len(block.labels) == 2 else None
            if body is not None:
                considered += 1
                wrong += list(_deprecated(block, body))[:1]
    return counted(wrong, considered, "No type of the module is described.")


def _deprecated(top: Block, body: Body) -> Iterator[Finding]:
    fix = "Use what the provider's documentation names in its place."
    if body.deprecated:
        yield Finding(DEPRECATED, "warning", f"`{top.labels[0]}` is deprecated.", top.path, top.line, fix=fix)
    waiting = [(top, body)]
    while waiting:
        block, known = waiting.pop()
        for name, attribute in block.attributes.items():
            schema = known.attributes.get(name)
            if schema is not None and schema.deprecated:
                message = f"`{name}` of `{top.labels[0]}` is deprecated."
                yield Finding(DEPRECATED, "warning", message, top.path, attribute.line, fix=fix)
        for inner in block.blocks:
            name = inner.labels[0] if inner.kind == "dynamic" and inner.labels else inner.kind
            if name in known.blocks:
                if known.blocks[name].deprecated:
                    message = f"The block `{name}` of `{top.labels[0]}` is deprecated."
                    yield Finding(DEPRECATED, "warning", message, top.path, inner.line, fix=fix)
                content = [one for one in inner.blocks if one.kind == "content"] if inner.kind == "dynamic" else [inner]
                waiting += [(one, known.blocks[name]) for one in content]
