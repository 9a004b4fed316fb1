"""Where a version comes from: one JSON document for each, written with its row and never changed (P-04).

Knows values only; whoever publishes hands over what it knows of people, request and tools. What nobody knows is null.
docs/reference/provenance.md explains every field, docs/reference/provenance.schema.json checks it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from registry.services.catalog import VersionFacts

SCHEMA = "terrasmith/provenance/v1"


@dataclass(frozen=True)
class Person:
    """Somebody on GitHub: the number stays, the login is that of the day."""

    id: int
    login: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The request that the module was generated for. Of its prompt only the digest: it is no public text."""

    request_id: str
    prompt_sha256: str
    writer: str | None = None
    """`template:NAME` or `claude:MODEL`."""
    instructions_sha256: str | None = None
    """Which text of ours the model was instructed with."""
    report_digest: str | None = None
    """What the gate said of the draft, before the pull request."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What only the publisher knows of a version."""

    tree: str | None = None
    asked_by: Person | None = None
    released_by: Person | None = None
    request: Asked | None = None
    pull_number: int | None = None
    report_digest: str | None = None
    tools: Mapping[str, str] | None = None
    """Name → version of what took part: terrasmith, python, zlib."""


NOTHING_KNOWN = Origin()


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The bytes."""

    sha256: str
    h1: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the files come from. An upload has neither commit nor tag."""

    repository_id: int | None
    repository_url: str
    commit: str | None
    tree: str | None
    tag: str | None
    path: str | None
    """The module's folder in the repository; empty for the root."""
    pull_number: int | None


@dataclass(frozen=True, kw_only=True)
class StepAllowed:
    """Somebody signed for a version whose step might be smaller than what changed asks for."""

    allowed_by: str
    reason: str


def document(
    *,
    address: str,
    version: str,
    archive: Archive,
    source: Source,
    report: Mapping[str, Any],
    origin: Origin,
    published_at: datetime,
    step: StepAllowed | None = None,
) -> dict[str, Any]:
    """The document, as it is stored and served."""
    return {
        "schema": SCHEMA,
        "module": address,
        "version": version,
        "published_at": published_at.isoformat(timespec="seconds"),
        "archive": asdict(archive),
        "source": asdict(source),
        "people": {
            "asked": asdict(origin.asked_by) if origin.asked_by else None,
            "released": asdict(origin.released_by) if origin.released_by else None,
        },
        "request": asdict(origin.request) if origin.request else None,
        "gate": {
            **{name: report.get(name) for name in ("verdict", "profile", "tier", "engine", "sandbox")},
            "providers": list(report.get("providers", ())),
            "report_digest": origin.report_digest,
        },
        "step": asdict(step) if step else None,
        "tools": dict(origin.tools or {}),
    }


def of(version: VersionFacts) -> Mapping[str, Any]:
    """The stored document; for a version from before there were any, what its row tells."""
    if version.provenance is not None:
        return version.provenance
    return document(
        address=str(version.address),
        version=str(version.version),
        archive=Archive(sha256=version.sha256, h1=version.h1, size=version.size),
        source=Source(
            repository_id=None,
            repository_url=version.source_url,
            commit=version.commit_sha or None,
            tree=None,
            tag=version.tag or None,
            path=None,
            pull_number=None,
        ),
        report=version.report,
        origin=NOTHING_KNOWN,
        published_at=version.published_at,
    )
