"""What `/api/v1` says of what is in a version, and of what changed between two."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from registry.api.described import Model
from registry.api.module_models import utc
from registry.api.own.standing_model import VersionStanding, standing_of
from registry.services.catalog import VersionFacts
from tfmodule import comparison
from tfmodule.contents import Contents, Part
from tfmodule.docs import module_block
from tfmodule.interface import Input
from tfmodule.literals import json_text


class InputValidation(Model):
    condition: str = Field(description="As written.", examples=["length(var.name) < 64"])
    error_message: str


class VersionInput(Model):
    name: str = Field(examples=["force_destroy"])
    type: str = Field(description="As written; `any` where nothing is.", examples=["bool"])
    description: str
    required: bool
    default: str | None = Field(description="The expression as written.", examples=["false"])
    default_json: str | None = Field(description="The same as JSON, where it is a plain value.", examples=["false"])
    sensitive: bool
    nullable: bool
    validations: list[InputValidation]


class VersionOutput(Model):
    name: str = Field(examples=["arn"])
    description: str
    sensitive: bool


class RequiredProvider(Model):
    name: str = Field(examples=["aws"])
    source: str = Field(examples=["hashicorp/aws"])
    version: str = Field(description="A constraint; empty for any.", examples=[">= 5.0"])


class ResourceBlock(Model):
    mode: Literal["managed", "data"]
    type: str = Field(examples=["aws_s3_bucket"])
    name: str = Field(examples=["this"])


class ModuleCall(Model):
    """A `module` block."""

    name: str = Field(examples=["logs"])
    source: str = Field(examples=["./modules/logs"])
    version: str = Field(description="A constraint; empty for none.")
    path: str = Field(description="The file it stands in.", examples=["main.tf"])
    line: int = Field(examples=[12])


class VersionPart(Model):
    """The root, a submodule or an example. Its README is under `readme`."""

    path: str = Field(examples=["modules/logs"])
    required_version: str = Field(description="Of Terraform; empty for any.", examples=[">= 1.3"])
    inputs: list[VersionInput]
    outputs: list[VersionOutput]
    providers: list[RequiredProvider]
    resources: list[ResourceBlock]
    calls: list[ModuleCall]
    has_readme: bool


class OneVersion(Model):
    """One version of a module and what is in it. Nothing of this but `standing` changes once it is published."""

    address: str = Field(examples=["acme/bucket/aws"])
    version: str = Field(examples=["1.4.0"])
    prerelease: bool
    published_at: str = Field(examples=["2026-11-02T10:20:30Z"])
    source: str = Field(examples=["https://github.com/acme/terraform-aws-bucket"])
    commit: str | None = Field(description="None for what was uploaded.", examples=["9b1c…"])
    tag: str | None = Field(examples=["v1.4.0"])
    sha256: str = Field(examples=["9f2c…"])
    h1: str = Field(examples=["h1:47DEQ…"])
    size: int = Field(examples=[4096])
    standing: VersionStanding
    usage: str = Field(description="The block to copy.", examples=['module "bucket" {\n  source = "…"\n}\n'])
    root: VersionPart
    submodules: list[VersionPart]
    examples: list[VersionPart]


class Change(Model):
    """One thing that is different for who uses the module."""

    subject: comparison.Subject
    kind: comparison.Kind
    path: str = Field(description="The submodule it is in; empty for the root.")
    name: str = Field(examples=["force_destroy"])
    what: str = Field(description="Which property of it changed; empty for what was added or removed.")
    before: str | None
    after: str | None
    bump: comparison.Bump = Field(description="The step of the version that this asks for.")
    breaking: bool
    reason: str = Field(examples=["every call must now set it"])


class Changes(Model):
    """What changed from one version to another, the largest first."""

    address: str = Field(examples=["acme/bucket/aws"])
    since: str | None = Field(description="None for a first version, which has no changes.", examples=["1.3.2"])
    version: str = Field(examples=["1.4.0"])
    bump: comparison.Bump | None = Field(description="The smallest step that fits; null where nothing changed.")
    breaking: bool
    changes: list[Change]


def one_version(facts: VersionFacts, contents: Contents, host: str) -> OneVersion:
    """A version with all its parts."""
    return OneVersion(
        address=str(facts.address),
        version=str(facts.version),
        prerelease=facts.version.is_prerelease,
        published_at=utc(facts.published_at),
        source=facts.source_url,
        commit=facts.commit_sha or None,
        tag=facts.tag or None,
        sha256=facts.sha256,
        h1=facts.h1,
        size=facts.size,
        standing=standing_of(facts.standing),
        usage=module_block(host, facts.address, str(facts.version), contents.root.interface.required_inputs),
        root=_part(contents.root),
        submodules=_parts(contents.submodules),
        examples=_parts(contents.examples),
    )


def changes(facts: VersionFacts, since: VersionFacts | None, found: comparison.Comparison) -> Changes:
    """What is different."""
    return Changes(
        address=str(facts.address),
        since=str(since.version) if since else None,
        version=str(facts.version),
        bump=found.bump,
        breaking=bool(found.breaking),
        changes=[
            Change(
                subject=one.subject,
                kind=one.kind,
                path=one.path,
                name=one.name,
                what=one.what,
                before=one.before,
                after=one.after,
                bump=one.bump,
                breaking=one.breaking,
                reason=one.reason,
            )
            for one in found.changes
        ],
    )


def _parts(parts: Sequence[Part]) -> list[VersionPart]:
    return [_part(one) for one in parts]


def _part(part: Part) -> VersionPart:
    face = part.interface
    return VersionPart(
        path=part.path,
        required_version=face.required_version,
        inputs=[_input(one) for one in face.inputs],
        outputs=[VersionOutput(name=o.name, description=o.description, sensitive=o.sensitive) for o in face.outputs],
        providers=[RequiredProvider(name=one.name, source=one.source, version=one.version) for one in face.providers],
        resources=[
            ResourceBlock(mode="data" if one.mode == "data" else "managed", type=one.type, name=one.name)
            for one in part.resources
        ],
        calls=[
            ModuleCall(name=one.name, source=one.source, version=one.version, path=one.path, line=one.line)
            for one in part.calls
        ],
        has_readme=bool(part.readme.strip()),
    )


def _input(one: Input) -> VersionInput:
    return VersionInput(
        name=one.name,
        type=one.type,
        description=one.description,
        required=one.required,
        default=one.default,
        default_json=json_text(one.default) if one.default is not None else None,
        sensitive=one.sensitive,
        nullable=one.nullable,
        validations=[InputValidation(condition=v.condition, error_message=v.error_message) for v in one.validations],
    )
