"""What a module gives back: described, complete, safe to read when a feature is off, and without secrets."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from gate.rules.secrecy import secret_inputs, sensitive_attribute
from tfmodule.expressions import Expression, Reference, read_expression
from tfmodule.facts import Block

_NONE = "The module has no outputs."
_IDENTITY = re.compile(r"(?:^|_)(?:id|arn|name|url|self_link|output)$")
_GUARDS = frozenset({"try", "one", "length", "can", "lookup", "element"})
_MOST = 200
"""References of one local value that are followed."""
_PRIMARY = frozenset({"this", "main"})


def descriptions(material: Material) -> Conclusion:
    """An output without a description makes its readers look into the code."""
    outputs = [output for part in material.parts for output in part.facts.outputs]
    wrong = (
        Finding(
            "output-descriptions",
            "warning",
            f'The output "{one.name}" has no description.',
            one.path,
            one.line,
            fix="Add `description = …`.",
        )
        for one in outputs
        if not (one.description or "").strip()
    )
    return counted(wrong, len(outputs), _NONE)


def primary_outputs(material: Material) -> Conclusion:
    """Callers need the id, ARN or name of what was made: each primary resource has an output that gives one."""
    primary = primary_resources(material.root)
    given = {
        (one.parts[0], one.parts[1])
        for _, expression in _values(material.root)
        for one in _through_locals(material.root, expression)
        if len(one.parts) == 2 or _IDENTITY.search(one.parts[2])
    }

    def wrong() -> Iterator[Finding]:
        for block in primary:
            if (block.labels[0], block.labels[1]) not in given:
                message = f"No output gives the id, ARN or name of `{'.'.join(block.labels)}`."
                fix = f'Add `output "id"` with `value = {".".join(block.labels)}.id`.'
                yield Finding("primary-outputs", "warning", message, block.path, block.line, fix=fix)

    return counted(wrong(), len(primary), "The module has no resource of its own.")


def primary_resources(part: Part) -> list[Block]:
    """Those called `this` or `main` that are no companion of another: of `aws_s3_bucket` and `aws_s3_bucket_policy`,
    the first.
    """
    named = [b for b in part.blocks("resource") if len(b.labels) == 2 and b.labels[1] in _PRIMARY]
    types = {block.labels[0] for block in named}
    return [b for b in named if not types & set(_beginnings(b.labels[0]))]


def _beginnings(name: str) -> Iterator[str]:
    """`aws`, `aws_s3`, `aws_s3_bucket` of `aws_s3_bucket_policy`."""
    parts = name[:200].split("_")
    return ("_".join(parts[:count]) for count in range(1, len(parts)))


def _values(part: Part) -> Iterator[tuple[Block, Expression]]:
    for block in part.blocks("output"):
        yield block, read_expression(block.text("value") or "")


def _through_locals(part: Part, expression: Expression) -> Iterator[Reference]:
    for one in expression.references:
        if one.parts[0] == "local" and one.parts[1] in part.locals:
            yield from part.local_expressions[one.parts[1]].references[:_MOST]
        else:
            yield one


def conditional_outputs(material: Material) -> Conclusion:
    """An output of something that may not be there must not fail when it is not: `one(x[*].id)` and `try` give null."""
    conditional = {
        ".".join(
            (["data"] if block.kind == "data" else ["module"] if block.kind == "module" else []) + list(block.labels)
        )
        for block in material.root.blocks("resource", "data", "module")
        if {"count", "for_each"} & set(block.attributes)
    }
    considered, wrong = 0, list[Finding]()
    for block, expression in _values(material.root):
        touched = [one for one in expression.references if _thing(one) in conditional]
        considered += bool(touched)
        text = block.text("value") or ""
        bare = [one for one in touched if one.indexed]
        if bare and not expression.calls & _GUARDS and "?" not in text:
            message = f'The output "{_label(block)}" fails when `{_thing(bare[0])}` is not there.'
            fix = f"Write `one({_thing(bare[0])}[*].…)` or `try(…, null)`."
            wrong.append(Finding("conditional-outputs", "warning", message, block.path, block.line, fix=fix))
    return counted(wrong, considered, "No output depends on something that may not be there.")


def _thing(reference: Reference) -> str:
    length = {"data": 3, "module": 2}.get(reference.parts[0], 2)
    return ".".join(reference.parts[:length])


def _label(block: Block) -> str:
    return block.labels[0] if block.labels else ""


def secret_outputs(material: Material) -> Conclusion:
    """An output that holds a secret is `sensitive`, or it is printed by every plan. One that hands a secret input
    back is needless: who gave it has it.
    """
    secrets = secret_inputs(material.root)
    considered, wrong = 0, list[Finding]()
    for block, expression in _values(material.root):
        references = tuple(_through_locals(material.root, expression))
        echoed = [one for one in references if one.parts[0] == "var" and one.parts[1] in secrets]
        secret = [one for one in references if sensitive_attribute(material.schemas, one)]
        considered += bool(echoed or secret)
        if echoed:
            message = f'The output "{_label(block)}" hands the secret input "{echoed[0].parts[1]}" back.'
            fix = "Remove the output."
            wrong.append(Finding("secret-outputs", "warning", message, block.path, block.line, fix=fix))
        elif secret and block.text("sensitive") != "true":
            message = f'The output "{_label(block)}" gives `{".".join(secret[0].parts)}`, which is secret.'
            wrong.append(
                Finding("secret-outputs", "warning", message, block.path, block.line, fix="Add `sensitive = true`.")
            )
    return counted(wrong, considered, "No output holds a secret.")
