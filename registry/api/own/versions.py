"""`/api/v1/…/versions/{version}`: all that is known of one version, and what changed since another.

`latest` stands for the latest version wherever a version is asked for.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Path, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from core.settings import Settings
from registry.api.described import Model, described, respond
from registry.api.own.addresses import VERSION, address
from registry.api.own.module_models import Digests, Example, Findings, Provenance, Readme, example_of, findings
from registry.api.own.version_models import Changes, OneVersion, changes, one_version
from registry.services import catalog, provenance
from registry.services.catalog import ModuleVersions, UnknownPartError, VersionFacts
from registry.services.examples import UnknownExampleError, example_files
from tfmodule.address import Address
from tfmodule.comparison import Comparison, compare
from tfmodule.version import Version

LATEST = "latest"

_Asked = Annotated[Address, Depends(address)]
_Wanted = Annotated[str, Path(description="A version, or `latest`.", examples=["1.4.0"])]


def facts(request: Request, wanted: _Asked, version: _Wanted) -> Response:
    """One version: where it is from, its digests, and the interface of its root, submodules and examples."""
    settings: Settings = request.app.state.settings
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
        contents = catalog.contents(session, found.id)
    return respond(request, one_version(found, contents, settings.registry_host), public=found.public)


def readme(
    request: Request,
    wanted: _Asked,
    version: _Wanted,
    path: Annotated[str, Query(description="A submodule or an example.", examples=["modules/logs"])] = "",
) -> Response:
    """The README of a version, or of a submodule or example in it."""
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
        parts = {one.path: one.readme for one in catalog.contents(session, found.id).parts}
    if path not in parts:
        raise UnknownPartError(tuple(one for one in parts if one))
    return respond(request, Readme(path=path, readme=parts[path]), public=found.public)


def example(
    request: Request,
    wanted: _Asked,
    version: _Wanted,
    path: Annotated[str, Query(description="The example's folder.", examples=["examples/basic"])],
) -> Response:
    """The files of an example, ready to copy: its `source` is this registry's address, not a folder."""
    settings: Settings = request.app.state.settings
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
        known = {part.path for part in catalog.contents(session, found.id).examples}
    if path not in known:
        raise UnknownExampleError(known)  # nothing is unpacked for a guess
    files = example_files(request.app.state.storage, found, path, settings.registry_host)
    return respond(request, example_of(path, files), public=found.public)


def digests(request: Request, wanted: _Asked, version: _Wanted) -> Response:
    """What the archive and the files in it are held to."""
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
    return respond(request, Digests(sha256=found.sha256, h1=found.h1, size=found.size), public=found.public)


def origin(request: Request, wanted: _Asked, version: _Wanted) -> Response:
    """Where a version comes from: commit, people, request, gate and tools."""
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
    return respond(request, Provenance(dict(provenance.of(found))), public=found.public)


def judgement(request: Request, wanted: _Asked, version: _Wanted) -> Response:
    """What the gate found before it let the version through."""
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
    return respond(request, findings(found), public=found.public)


def changed(
    request: Request,
    wanted: _Asked,
    version: _Wanted,
    since: Annotated[
        str | None, Query(description="The earlier version; the release before this one if you do not say.")
    ] = None,
) -> Response:
    """What changed for those who use the module, and how large a step of the version that asks for."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = chosen(session, request, wanted, version)
        earlier: str | None = since
        if earlier is None:
            before = previous(catalog.versions(session, wanted, principal), found.version)
            earlier = str(before) if before else None
        other = chosen(session, request, wanted, earlier) if earlier is not None else None
        compared = Comparison()
        if other is not None:
            compared = compare(catalog.contents(session, other.id), catalog.contents(session, found.id))
    return respond(request, changes(found, other, compared), public=found.public)


def previous(module: ModuleVersions, version: Version) -> Version | None:
    """The version before this one: the highest release below it, or else the highest prerelease."""
    lower = [one for one in module.versions if one < version]
    releases = [one for one in lower if not one.is_prerelease]
    return max(releases or lower, default=None)


def chosen(session: Session, request: Request, wanted: Address, version: str) -> VersionFacts:
    """A version that the one who asks may read, by its number or as `latest`."""
    principal = principal_of(request)
    if version == LATEST:
        latest = catalog.versions(session, wanted, principal).latest
        version = str(latest) if latest is not None else version
    return catalog.version(session, wanted, version, principal)


def routes() -> list[BaseRoute]:
    """What hangs on a version."""

    def reading(path: str, endpoint: Callable[..., Response], answers: type[Model] | type[Provenance]) -> BaseRoute:
        return described(
            path, endpoint, permission=Permission.READ_MODULE, answers=answers, tag="versions", errors=(404, 410)
        )

    return [
        reading(VERSION, facts, OneVersion),
        reading(VERSION + "/readme", readme, Readme),
        reading(VERSION + "/example", example, Example),
        reading(VERSION + "/digests", digests, Digests),
        reading(VERSION + "/provenance", origin, Provenance),
        reading(VERSION + "/findings", judgement, Findings),
        reading(VERSION + "/changes", changed, Changes),
    ]
