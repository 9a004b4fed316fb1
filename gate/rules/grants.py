"""What policies written in the module allow: never everything on everything."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion
from gate.material import Material, Part
from gate.report import Finding
from gate.rules.resources import with_scan
from tfmodule.facts import Attribute, Block

RULE = "iam-wildcards"
_STAR = re.compile(r'"\*"')
_ACTION = re.compile(r'"?\bAction"?\s*[=:]\s*\[?\s*"(?:\*|\*:\*)"')
_RESOURCE = re.compile(r'"?\bResource"?\s*[=:]\s*\[?\s*"\*"')
_ALLOW = re.compile(r'"?\bEffect"?\s*[=:]\s*"Allow"')
_LONGEST = 100_000


def wildcards(material: Material) -> Conclusion:
    """A statement that allows every action on every resource makes whoever has it the owner of the account. The
    policy of a KMS key is left out: there `*` is the key itself.
    """
    found = [finding for part in material.parts for finding in (*_documents(part), *_written(part))]
    policies = any(_is_policy(block) for part in material.parts for block in part.blocks("resource", "data"))
    considered = None if policies or found else 0
    return with_scan(material, "iam", found, considered, "The module writes no policy.")


def _is_policy(block: Block) -> bool:
    return "policy" in (block.labels[0] if block.labels else "") or "policy" in block.attributes


def _documents(part: Part) -> Iterator[Finding]:
    of_keys = {
        one
        for block in part.blocks("resource")
        if block.labels[:1] in (("aws_kms_key",), ("aws_kms_key_policy",))
        for one in re.findall(r"data\.aws_iam_policy_document\.([\w-]{1,200})", block.text("policy") or "")
    }
    for block in part.blocks("data"):
        if len(block.labels) != 2 or block.labels[0] != "aws_iam_policy_document" or block.labels[1] in of_keys:
            continue
        for statement in block.walk():
            actions, resources = statement.attributes.get("actions"), statement.attributes.get("resources")
            denies = statement.literal("effect") == "Deny"
            if actions and resources and not denies and _STAR.search(actions.text) and _STAR.search(resources.text):
                yield _finding(block, actions)


def _written(part: Part) -> Iterator[Finding]:
    for block in part.blocks("resource"):
        if not block.labels or block.labels[0].startswith("aws_kms_"):
            continue
        for attribute in block.attributes.values():
            text = attribute.text[:_LONGEST]
            if _ACTION.search(text) and _RESOURCE.search(text) and _ALLOW.search(text):
                yield _finding(block, attribute)


def _finding(block: Block, attribute: Attribute) -> Finding:
    message = f"`{'.'.join(block.labels)}` allows every action on every resource."
    fix = "Name the actions that are needed, and the resources that they are needed on."
    return Finding(RULE, "warning", message, block.path, attribute.line, fix=fix)
