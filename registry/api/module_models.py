"""Modules as Terraform's public API writes them (R34 to R36): the models, and how they are filled."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import Field

from registry.api.described import Meta, Model
from registry.api.standings import source_of
from registry.services.listing import ListedModule
from tfmodule.contents import Contents, Part
from tfmodule.interface import Input
from tfmodule.literals import json_text


class ModuleItem(Model):
    """A module and one version of it. `provider` is what everything else here calls the system."""

    id: str = Field(examples=["acme/bucket/aws/1.4.0"])
    owner: str = Field(examples=["acme"])
    namespace: str = Field(examples=["acme"])
    name: str = Field(examples=["bucket"])
    version: str = Field(examples=["1.4.0"])
    provider: str = Field(examples=["aws"])
    description: str = Field(examples=["A private bucket with replication."])
    source: str = Field(examples=["https://github.com/acme/terraform-aws-bucket"])
    published_at: str = Field(examples=["2026-11-02T10:20:30Z"])
    downloads: int = Field(description="Of all versions, all time.", examples=[1234])
    verified: bool = Field(description="The operator vouches for the namespace.")


class ModuleInput(Model):
    name: str = Field(examples=["force_destroy"])
    type: str = Field(examples=["bool"])
    description: str
    default: str = Field(description="The JSON text of the value; empty for a required input.", examples=["false"])
    required: bool


class ModuleOutput(Model):
    name: str = Field(examples=["arn"])
    description: str


class ModuleDependency(Model):
    """A module that this one calls."""

    name: str = Field(examples=["logs"])
    source: str = Field(examples=["acme/logs/aws"])
    version: str = Field(examples=["~> 2.0"])


class ProviderDependency(Model):
    name: str = Field(examples=["aws"])
    namespace: str = Field(examples=["hashicorp"])
    source: str = Field(examples=["hashicorp/aws"])
    version: str = Field(examples=[">= 5.0"])


class ModuleResource(Model):
    name: str = Field(examples=["this"])
    type: str = Field(examples=["aws_s3_bucket"])


class ModulePart(Model):
    """The root, a submodule or an example."""

    path: str = Field(examples=["modules/logs"])
    name: str = Field(examples=["logs"])
    readme: str
    empty: bool
    inputs: list[ModuleInput]
    outputs: list[ModuleOutput]
    dependencies: list[ModuleDependency]
    provider_dependencies: list[ProviderDependency]
    resources: list[ModuleResource]


class ModuleDetail(ModuleItem):
    """One version and all that is in it."""

    root: ModulePart
    submodules: list[ModulePart]
    examples: list[ModulePart]
    providers: list[str] = Field(description="The systems that this name exists for.", examples=[["aws", "google"]])
    versions: list[str] = Field(description="All versions, the newest first.", examples=[["1.4.0", "1.3.2"]])


class ModuleList(Model):
    meta: Meta
    modules: list[ModuleItem]


class DownloadCounts(Model):
    """Installs in the last 7, 30 and 365 days, and of all time."""

    week: int
    month: int
    year: int
    total: int


class DownloadsData(Model):
    type: str = Field(examples=["module-downloads-summary"])
    id: str = Field(examples=["acme/bucket/aws"])
    attributes: DownloadCounts


class DownloadsSummary(Model):
    data: DownloadsData


def utc(moment: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def item(module: ListedModule, downloads: int, base_url: str) -> ModuleItem:
    """A module as a list shows it. `base_url` is this registry's own."""
    address = module.address
    return ModuleItem(
        id=f"{address}/{module.version}",
        owner=address.namespace,
        namespace=address.namespace,
        name=address.name,
        version=module.version,
        provider=address.system,
        description=module.description,
        source=source_of(address, module.source_url, base_url),
        published_at=utc(module.published_at),
        downloads=downloads,
        verified=module.verified,
    )


def detail(shown: ModuleItem, contents: Contents, systems: Iterable[str], versions: Iterable[str]) -> ModuleDetail:
    """A version with all its parts."""
    return ModuleDetail(
        **shown.model_dump(),
        root=_part(contents.root, shown.name),
        submodules=[_part(one, one.name) for one in contents.submodules],
        examples=[_part(one, one.name) for one in contents.examples],
        providers=list(systems),
        versions=list(versions),
    )


def _part(part: Part, name: str) -> ModulePart:
    face = part.interface
    return ModulePart(
        path=part.path,
        name=name,
        readme=part.readme,
        empty=not (face.inputs or face.outputs or face.providers or part.resources or part.calls),
        inputs=[_input(one) for one in face.inputs],
        outputs=[ModuleOutput(name=one.name, description=one.description) for one in face.outputs],
        dependencies=[ModuleDependency(name=one.name, source=one.source, version=one.version) for one in part.calls],
        provider_dependencies=[
            ProviderDependency(name=one.name, namespace=_owner(one.source), source=one.source, version=one.version)
            for one in face.providers
        ],
        resources=[ModuleResource(name=one.name, type=one.type) for one in part.resources if one.mode == "managed"],
    )


def _input(one: Input) -> ModuleInput:
    return ModuleInput(
        name=one.name,
        type=one.type,
        description=one.description,
        default=json_default(one.default),
        required=one.required,
    )


def json_default(default: str | None) -> str:
    """JSON text; an expression that is more than a plain value as a string of its own."""
    if default is None:
        return ""
    found = json_text(default)
    return found if found is not None else json.dumps(default, ensure_ascii=False)


def _owner(source: str) -> str:
    parts = source.split("/")
    return parts[-2] if len(parts) > 1 else "hashicorp"
