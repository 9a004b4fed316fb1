"""How resources are set up by default: tagged, encrypted, closed, backed up and hard to lose."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gate.conclusion import Conclusion, counted
from gate.material import Material, Part
from gate.report import Finding
from tfmodule.expressions import read_expression
from tfmodule.facts import Attribute, Block

_TAGS = ("tags", "labels")
_ENCRYPTED = frozenset({"encrypted", "storage_encrypted", "at_rest_encryption_enabled", "encrypt_at_rest"})
_LONGEST = 2_000
_MOST, _STEPS = 200, 20
"""References of one expression that are followed, and local values on the way."""
_EVERYONE = re.compile(r"(?<![\d.])0\.0\.0\.0/0|(?<![\w:])::/0")


@dataclass(frozen=True)
class Guard:
    """A setting that keeps what a resource holds. `wants` is the value that is safe; None: any but null or zero."""

    name: str
    wants: str | None
    why: str


# What holds data that nobody can make again, by type.
_GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "aws_s3_bucket": (Guard("force_destroy", "false", "destroying the bucket would take its objects along"),),
    "aws_db_instance": (
        Guard("deletion_protection", "true", "one `destroy` takes the database"),
        Guard("skip_final_snapshot", "false", "nothing is left of a deleted database"),
    ),
    "aws_rds_cluster": (
        Guard("deletion_protection", "true", "one `destroy` takes the database"),
        Guard("skip_final_snapshot", "false", "nothing is left of a deleted database"),
    ),
    "aws_dynamodb_table": (Guard("deletion_protection_enabled", "true", "one `destroy` takes the table"),),
    "aws_docdb_cluster": (Guard("deletion_protection", "true", "one `destroy` takes the database"),),
    "aws_neptune_cluster": (Guard("deletion_protection", "true", "one `destroy` takes the database"),),
    "aws_redshift_cluster": (Guard("skip_final_snapshot", "false", "nothing is left of a deleted warehouse"),),
    "aws_ecr_repository": (Guard("force_delete", "false", "deleting the repository would take its images along"),),
    "aws_backup_vault": (Guard("force_destroy", "false", "deleting the vault would take the backups along"),),
    "aws_cognito_user_pool": (Guard("deletion_protection", '"ACTIVE"', "one `destroy` takes all users"),),
    "google_sql_database_instance": (Guard("deletion_protection", "true", "one `destroy` takes the database"),),
    "google_storage_bucket": (Guard("force_destroy", "false", "destroying the bucket would take its objects along"),),
}
# Where leaving the setting out is safe already.
_SAFE_BY_DEFAULT = frozenset({"force_destroy", "skip_final_snapshot", "force_delete"})
_RECOVERY: Mapping[str, tuple[Guard, ...]] = {
    "aws_db_instance": (Guard("backup_retention_period", None, "without backups, a mistake is final"),),
    "aws_rds_cluster": (Guard("backup_retention_period", None, "without backups, a mistake is final"),),
    "aws_docdb_cluster": (Guard("backup_retention_period", None, "without backups, a mistake is final"),),
    "aws_neptune_cluster": (Guard("backup_retention_period", None, "without backups, a mistake is final"),),
    "aws_dynamodb_table": (Guard("point_in_time_recovery", None, "without recovery, a mistake is final"),),
    "aws_elasticache_replication_group": (
        Guard("snapshot_retention_limit", None, "without snapshots, a loss is final"),
    ),
    "aws_redshift_cluster": (Guard("automated_snapshot_retention_period", None, "without snapshots, a loss is final"),),
    "google_sql_database_instance": (Guard("settings", None, "without backups, a mistake is final"),),
}
# A companion resource that does what a setting would.
_COMPANIONS = {"aws_s3_bucket": "aws_s3_bucket_versioning"}


def _resources(material: Material) -> Iterator[tuple[Part, Block]]:
    for part in material.parts:
        for block in part.blocks("resource"):
            if len(block.labels) == 2:
                yield part, block


def tags(material: Material) -> Conclusion:
    """Tags say who pays and who owns. A `tags` input goes to every resource that the provider's schema calls
    taggable, and is merged where the module adds its own.
    """
    if not any(True for _ in _resources(material)):
        return counted((), 0, "The module has no resource.")
    taggable = [(part, block, name) for part, block in _resources(material) for name in _taggable(material, block)]

    def wrong() -> Iterator[Finding]:
        for part, block, name in taggable:
            attribute = block.attributes.get(name)
            if attribute is None:
                message = f"`{'.'.join(block.labels)}` can carry {name} and gets none."
                yield Finding("tags", "warning", message, block.path, block.line, fix=f"Add `{name} = var.{name}`.")
            elif not _leads_to_input(part, attribute, name):
                message = f"The {name} of `{'.'.join(block.labels)}` leave out those that the caller gives."
                fix = f"Write `{name} = merge(var.{name}, {{ … }})`."
                yield Finding("tags", "warning", message, block.path, attribute.line, fix=fix)

    return counted(wrong(), len(taggable), "No resource is known to carry tags.")


def _taggable(material: Material, block: Block) -> Iterator[str]:
    known = material.schemas.find("resource", block.labels[0]) if material.schemas is not None else None
    for name in _TAGS:
        if known is not None:
            schema = known.attributes.get(name)
            if schema is not None and schema.settable and schema.type.startswith("map"):
                yield name
        elif name in block.attributes:
            yield name


def _leads_to_input(part: Part, attribute: Attribute, name: str) -> bool:
    waiting, seen = [read_expression(attribute.text)], set[str]()
    while waiting:
        for one in waiting.pop().references[:_MOST]:
            if one.parts[0] == "var" and name in one.parts[1]:
                return True
            if (
                one.parts[0] == "local"
                and one.parts[1] in part.locals
                and one.parts[1] not in seen
                and len(seen) < _STEPS
            ):
                seen.add(one.parts[1])
                waiting.append(part.local_expressions[one.parts[1]])
            if one.parts[0] in ("module", "each"):
                return True
    return False


def _value(part: Part, text: str | None) -> str | None:
    """The literal that an argument has by default: its own, or the default of the input that it takes."""
    if text is None:
        return None
    match = re.fullmatch(r"var\.([\w-]{1,200})", text.strip())
    if match is None:
        return text[:_LONGEST].strip()
    variable = part.variables.get(match[1])
    return (variable.default_text or "")[:_LONGEST].strip() if variable is not None else None


def encryption(material: Material) -> Conclusion:
    """What is stored is encrypted unless somebody switches that off: where the schema offers a switch, it is on by
    default.
    """
    offered = [
        (part, block, name)
        for part, block in _resources(material)
        for name in sorted(_ENCRYPTED)
        if _offers(material, block, name)
    ]

    def wrong() -> Iterator[Finding]:
        for part, block, name in offered:
            if _value(part, block.text(name)) in (None, "false", "null"):
                line = block.attributes[name].line if name in block.attributes else block.line
                message = f"`{'.'.join(block.labels)}` is not encrypted by default."
                fix = f"Write `{name} = true`, or take an input whose default is true."
                yield Finding("encryption", "warning", message, block.path, line, fix=fix)

    return with_scan(
        material, "encryption", list(wrong()), len(offered), "Nothing that the module stores has a switch."
    )


def _offers(material: Material, block: Block, name: str) -> bool:
    known = material.schemas.find("resource", block.labels[0]) if material.schemas is not None else None
    if known is None:
        return name in block.attributes
    schema = known.attributes.get(name)
    return schema is not None and schema.settable


def exposure(material: Material) -> Conclusion:
    """Nothing is open to everyone unless somebody opens it: no ingress from everywhere, no public address, no public
    ACL.
    """
    open_ = [finding for part, block in _resources(material) for finding in _opened(part, block)]
    return with_scan(material, "exposure", open_, None, "")


def _opened(part: Part, block: Block) -> Iterator[Finding]:
    kind = block.labels[0]
    for inner in block.walk():
        incoming = inner.kind == "ingress" or kind == "aws_vpc_security_group_ingress_rule"
        incoming = incoming or (kind == "aws_security_group_rule" and block.literal("type") == "ingress")
        for attribute in inner.attributes.values():
            where = _Place(block, attribute)
            if incoming and attribute.name.startswith("cidr") and _EVERYONE.search(_value(part, attribute.text) or ""):
                yield where.says("It lets everyone in.", "Take the allowed addresses as an input without a default.")
            if attribute.name == "publicly_accessible" and _value(part, attribute.text) == "true":
                yield where.says("It has a public address by default.", "Let the default be false.")
            if attribute.name == "acl" and (_value(part, attribute.text) or "").startswith('"public'):
                yield where.says("Everyone may read it by default.", "Leave the ACL out, and block public access.")


@dataclass(frozen=True)
class _Place:
    block: Block
    attribute: Attribute

    def says(self, message: str, fix: str, rule: str = "exposure") -> Finding:
        subject = f"`{'.'.join(self.block.labels)}`, `{self.attribute.name}`: {message}"
        return Finding(rule, "warning", subject, self.block.path, self.attribute.line, fix=fix)


def guards(material: Material) -> Conclusion:
    """What holds data is hard to lose: protection against deletion, a last snapshot, and no destroying of what is
    inside, each as an input whose default is the safe one.
    """
    return counted(*_kept(material, "deletion-guards", _GUARDS))


def recovery(material: Material) -> Conclusion:
    """What holds data can be brought back: backups, snapshots or recovery to a point in time are on by default."""
    findings, considered, nothing = _kept(material, "recovery", _RECOVERY)
    there = {
        part.directory: {block.labels[0] for block in part.blocks("resource") if block.labels}
        for part in material.parts
    }
    for part, block in _resources(material):
        companion = _COMPANIONS.get(block.labels[0])
        if companion is not None:
            considered += 1
            if companion not in there[part.directory]:
                message = f"`{'.'.join(block.labels)}` keeps no old versions."
                fix = f"Add `{companion}`."
                findings.append(Finding("recovery", "warning", message, block.path, block.line, fix=fix))
    return with_scan(material, "logging", findings, considered, nothing)


def _kept(material: Material, rule: str, table: Mapping[str, tuple[Guard, ...]]) -> tuple[list[Finding], int, str]:
    wrong, considered = [], 0
    for part, block in _resources(material):
        for guard in table.get(block.labels[0], ()):
            considered += 1
            inner = [one for one in block.blocks if one.kind == guard.name or one.labels == (guard.name,)]
            value = "block" if inner else _value(part, block.text(guard.name))
            if value is None and guard.name in _SAFE_BY_DEFAULT:
                continue
            safe = value not in (None, "", "null", "0", "false") if guard.wants is None else value == guard.wants
            if not safe:
                line = block.attributes[guard.name].line if guard.name in block.attributes else block.line
                message = f"`{'.'.join(block.labels)}`: by default {guard.why} (`{guard.name}`)."
                fix = (
                    f"Take `{guard.name}` as an input with the safe default{f' {guard.wants}' if guard.wants else ''}."
                )
                wrong.append(Finding(rule, "warning", message, block.path, line, fix=fix))
    return wrong, considered, "Nothing in the module holds data."


def with_scan(
    material: Material, concern: str, findings: list[Finding], considered: int | None, nothing: str
) -> Conclusion:
    """Our own look, and that of the scanners: the worse of the two counts."""
    own = counted(findings, considered, nothing)
    share = material.scan.shares.get(concern) if material.scan is not None else None
    if share is None or share >= 1:
        return own if share is None or own.outcome != "not-applicable" else Conclusion("passed")
    note = f"The scanners' rules about {concern} are kept to {share:.0%}."
    earned = 1.0 if own.outcome in ("passed", "not-applicable") else own.share or 0.0
    return Conclusion("failed", own.findings, note, min(share, earned))
