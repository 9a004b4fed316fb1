"""What `/api/v1` says of modules and of their versions, apart from what is in them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, RootModel

from gate.report import Report
from registry.api.described import Meta, Model
from registry.api.module_models import DownloadCounts, utc
from registry.api.own.standing_model import VersionStanding, standing_of
from registry.services.catalog import VersionFacts
from registry.services.listing import ListedModule, ListedVersion
from registry.services.standing import Standing


class Module(Model):
    """A module, as lists show it."""

    address: str = Field(examples=["acme/bucket/aws"])
    namespace: str = Field(examples=["acme"])
    name: str = Field(examples=["bucket"])
    system: str = Field(examples=["aws"])
    description: str = Field(examples=["A private bucket with replication."])
    latest_version: str = Field(examples=["1.4.0"])
    published_at: str = Field(description="When the latest version was.", examples=["2026-11-02T10:20:30Z"])
    source: str = Field(examples=["https://github.com/acme/terraform-aws-bucket"])
    visibility: Literal["public", "private"]
    verified: bool = Field(description="The operator vouches for the namespace.")
    downloads: int = Field(description="Installs of all versions, all time.", examples=[1234])


class Modules(Model):
    modules: list[Module]
    meta: Meta


class OneModule(Module):
    """A module."""

    versions: int = Field(description="How many there are to install.", examples=[12])
    systems: list[str] = Field(description="The systems that this name exists for.", examples=[["aws", "google"]])
    standing: VersionStanding = Field(description="Of the module as a whole.")


class VersionEntry(Model):
    """A version, as lists show it."""

    version: str = Field(examples=["1.4.0"])
    prerelease: bool
    published_at: str = Field(examples=["2026-11-02T10:20:30Z"])
    sha256: str = Field(description="Of the archive.", examples=["9f2c…"])
    h1: str = Field(description="Of the files, as Go and Terraform write it.", examples=["h1:47DEQ…"])
    size: int = Field(description="Bytes of the archive.", examples=[4096])
    downloads: int = Field(examples=[120])
    standing: VersionStanding


class Versions(Model):
    versions: list[VersionEntry] = Field(description="The newest first, by semantic precedence.")
    meta: Meta


class Digests(Model):
    """What the archive of a version is held to. Neither ever changes."""

    sha256: str = Field(description="Of the archive as it is served.", examples=["9f2c…"])
    h1: str = Field(description="Of the files in it, however they are packed.", examples=["h1:47DEQ…"])
    size: int = Field(description="Bytes of the archive.", examples=[4096])


class Readme(Model):
    path: str = Field(description="The submodule or example; empty for the root.", examples=[""])
    readme: str = Field(description="Markdown, as it was published; empty where there is none.", examples=["# Bucket"])


class ExampleFile(Model):
    path: str = Field(description="Relative to the example.", examples=["main.tf"])
    text: str | None = Field(
        description="None for what is no text.", examples=['module "bucket" {\n  source = "…"\n}\n']
    )
    size: int = Field(description="Bytes.", examples=[120])


class Example(Model):
    """An example as somebody outside can use it."""

    path: str = Field(examples=["examples/basic"])
    files: list[ExampleFile]


class Provenance(RootModel[dict[str, Any]]):
    """Where a version comes from: commit, people, request, gate, tools. Its schema: docs/reference/provenance.md."""


class Finding(Model):
    """One thing that a check had to say."""

    rule: str = Field(examples=["module.readme"])
    severity: Literal["error", "warning", "note"]
    message: str
    path: str | None = Field(examples=["main.tf"])
    line: int | None = Field(examples=[12])
    end_line: int | None
    fix: str
    source: str = Field("terrasmith", description="Who says so.", examples=["checkov"])
    risk: Literal["critical", "high", "medium", "low", "info"] | None = Field(
        None, description="How bad it would be to publish what was found."
    )
    suppressed: str = Field("", description="The reason that the code gives for not hearing this.")
    same_as: list[str] = Field(
        [], description="Ids under which other scanners say the same.", examples=[["CKV_AWS_18"]]
    )
    check: str = Field("", description="The check that says it; empty in reports of earlier releases.")


class CheckOutcome(Model):
    id: str = Field(examples=["syntax"])
    title: str
    outcome: Literal["passed", "failed", "skipped", "undecided", "not-applicable"]
    seconds: float
    number: int = Field(0, description="Its place in the rubric; 0 for what is no part of it.", examples=[32])
    kind: Literal["gate", "points"] = Field("gate", description="A gate must pass; points add up to the score.")
    points: float = Field(0, description="Points reached.", examples=[3])
    of: float = Field(0, description="Points that can be reached.", examples=[3])
    note: str = Field("", description="Why it does not apply, was skipped, or could not be decided.")


class RuleTally(Model):
    """Of how many resources a scanner asked one rule, and with what answer."""

    rule: str = Field(examples=["CKV_AWS_16"])
    passed: int = 0
    failed: int = 0
    suppressed: int = 0


class Findings(Model):
    """What the gate said before the version was published, who judged, and of what."""

    address: str = Field(examples=["acme/bucket/aws"])
    version: str = Field(examples=["1.4.0"])
    sha256: str = Field(description="Of the archive.")
    published_at: str
    verdict: str | None = Field(examples=["passed"])
    profile: str | None = Field(examples=["safety"])
    engine: str | None = Field(examples=["terraform 1.11.4"])
    tier: str | None = Field(description="What the verdict rests on.", examples=["provider"])
    sandbox: str | None
    score: int | None = Field(None, description="Points of a hundred, where points were counted.", examples=[92])
    gate_version: str = Field("", description="Which gate judged; empty in reports of earlier releases.")
    input_digest: str = ""
    policy_digest: str = ""
    scanners: list[str] = Field(
        [], description="Who scanned all of it; empty where nobody did.", examples=[["checkov 3.3.30"]]
    )
    checks: list[CheckOutcome]
    findings: list[Finding]
    asked: list[RuleTally] = Field([], description="The scanners' rules that had a resource to be asked of.")


class ClientCount(Model):
    client: str = Field(examples=["terraform"])
    client_version: str = Field(examples=["1.11.4"])
    count: int = Field(examples=[17])


class ModuleDownloads(Model):
    """Installs of a module: each time that a client asked where an archive is. Plans are none."""

    summary: DownloadCounts
    clients: list[ClientCount] = Field(description="Of the last 365 days, the most frequent first.")


def module(listed: ListedModule, downloads: int) -> Module:
    """A module as a list shows it."""
    return Module(**module_values(listed, downloads))


def module_values(listed: ListedModule, downloads: int) -> dict[str, Any]:
    """What `Module` and `OneModule` have in common."""
    return {
        "address": str(listed.address),
        "namespace": listed.address.namespace,
        "name": listed.address.name,
        "system": listed.address.system,
        "description": listed.description,
        "latest_version": listed.version,
        "published_at": utc(listed.published_at),
        "source": listed.source_url,
        "visibility": "public" if listed.public else "private",
        "verified": listed.verified,
        "downloads": downloads,
    }


def entry(listed: ListedVersion, downloads: int, standing: Standing | None) -> VersionEntry:
    """A version as a list shows it."""
    return VersionEntry(
        version=str(listed.version),
        prerelease=listed.version.is_prerelease,
        published_at=utc(listed.published_at),
        sha256=listed.sha256,
        h1=listed.h1,
        size=listed.size,
        downloads=downloads,
        standing=standing_of(standing),
    )


def example_of(path: str, files: Mapping[str, bytes]) -> Example:
    """The files of an example, by name."""
    return Example(
        path=path,
        files=[ExampleFile(path=name, text=_text(data), size=len(data)) for name, data in sorted(files.items())],
    )


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def findings(version: VersionFacts) -> Findings:
    """The gate's report."""
    said = {name: version.report.get(name) for name in ("verdict", "profile", "engine", "tier", "sandbox")}
    judged = {name: version.report.get(name, "") for name in ("gate_version", "input_digest", "policy_digest")}
    return Findings(
        address=str(version.address),
        version=str(version.version),
        sha256=version.sha256,
        published_at=utc(version.published_at),
        **said,
        **judged,
        scanners=version.report.get("scanners", []),
        asked=[RuleTally(**one) for one in version.report.get("asked", ())],
        score=Report.from_dict(version.report).score if version.report else None,
        checks=[CheckOutcome(**one) for one in version.report.get("checks", ())],
        findings=[Finding(**one) for one in version.report.get("findings", ())],
    )
