"""Values that belong to one account, region or partition, written where a module should ask."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from tfmodule.facts import Attribute, Block

_KINDS = (
    ("the id of an account", re.compile(r"(?<![\w.-])\d{12}(?![\w.-])"), "data.aws_caller_identity"),
    (
        "an availability zone",
        re.compile(r"(?<![\w-])(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov)?-[a-z]{4,9}-\d[a-f](?![\w-])"),
        "data.aws_availability_zones",
    ),
    (
        "a region",
        re.compile(
            r"(?<![\w-])(?:(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov)?-(?:central|north|south|east|west|northeast"
            r"|northwest|southeast|southwest)-\d|(?:us|europe|asia|australia)-[a-z]{4,12}\d)(?![\w-])"
        ),
        "data.aws_region",
    ),
    ("the id of an image", re.compile(r"(?<![\w-])ami-[0-9a-f]{8,17}(?![\w-])"), "data.aws_ami"),
)
_ARN = re.compile(r"(?<![\w-])arn:(aws|aws-cn|aws-us-gov):")
# What people read, not the cloud.
_PROSE = frozenset({"description", "error_message", "condition"})
_LONGEST = 20_000


def fixed_values(material: Material) -> Conclusion:
    """An account id, region, zone or image id makes a module work in one place only. Ask for it, or look it up."""

    def wrong() -> Iterator[Finding]:
        for part in material.parts:
            for block, attribute, line, text in _texts(part):
                for what, pattern, source in _KINDS:
                    if pattern.search(text):
                        message = f"`{attribute.name}` holds {what}."
                        fix = f"Take it as an input, or from `{source}`."
                        yield Finding("fixed-values", "warning", message, block.path, line, fix=fix)
                        break

    return counted(wrong())


def partitions(material: Material) -> Conclusion:
    """`arn:aws:` holds in one partition only; `data.aws_partition` gives the one at hand."""
    arns = [one for part in material.parts for one in _texts(part) if _ARN.search(one[3])]
    used = any(one.type == "aws_partition" for part in material.parts for one in part.facts.data_sources)

    def wrong() -> Iterator[Finding]:
        for block, attribute, line, _ in arns:
            message = f"`{attribute.name}` holds an ARN of one partition."
            fix = "Write `arn:${data.aws_partition.current.partition}:…`, or use the resource's own `arn`."
            yield Finding("partitions", "warning", message, block.path, line, fix=fix)

    if not arns and not used:
        return counted((), 0, "The module writes no ARN.")
    return counted(wrong())


def _texts(part: Part) -> Iterator[tuple[Block, Attribute, int, str]]:
    """The literal texts that reach a cloud, with their lines."""
    for block, attribute, expression in part.expressions:
        if attribute.name not in _PROSE and block.kind not in ("terraform", "moved", "import"):
            for text in expression.texts:
                yield block, attribute, attribute.line + text.line, text.text[:_LONGEST]
