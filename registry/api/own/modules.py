"""`/api/v1/modules`: the modules that one may read, each with its latest version, its versions and its downloads."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from core import clock
from registry.api.described import Page, described, page, respond
from registry.api.module_models import DownloadCounts
from registry.api.own.addresses import BASE, MODULE, address
from registry.api.own.module_models import (
    ClientCount,
    ModuleDownloads,
    Modules,
    OneModule,
    Versions,
    entry,
    module,
    module_values,
)
from registry.api.own.standing_model import standing_of
from registry.services import catalog, download_counts, listing
from registry.services.listing import Filters
from tfmodule.address import Address

_NAME = r"^[0-9A-Za-z_-]{1,64}$"
_Name = Annotated[str | None, Query(pattern=_NAME)]
_Asked = Annotated[Address, Depends(address)]
_Page = Annotated[Page, Depends(page)]
_YEAR = timedelta(days=365)


def all_modules(
    request: Request,
    wanted: _Page,
    namespace: _Name = None,
    name: _Name = None,
    system: Annotated[str | None, Query(pattern=r"^[0-9a-z]{1,64}$")] = None,
    verified: Annotated[bool | None, Query(description="Only what the operator vouches for.")] = None,
) -> Response:
    """The modules that you may read, by address. A filter that nothing fits gives an empty page."""
    principal = principal_of(request)
    filters = Filters(namespace=namespace, name=name, system=system, verified=verified)
    with database_of(request).read() as session:
        found = listing.modules(session, filters, principal, offset=wanted.offset, limit=wanted.limit + 1)
        counts = download_counts.of_modules(session, [one.id for one in found])
    body = Modules(
        modules=[module(one, counts[one.id]) for one in found[: wanted.limit]],
        meta=wanted.meta(request, more=len(found) > wanted.limit),
    )
    return respond(request, body, public=principal is None)


def one_module(request: Request, wanted: _Asked) -> Response:
    """One module. 404 too where none of its versions can be installed."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = catalog.versions(session, wanted, principal)
        listed = listing.by_ids(session, [found.id], principal)
        if not listed:
            raise catalog.UnknownModuleError(str(wanted))
        count = download_counts.of_modules(session, [found.id])[found.id]
        systems = listing.systems(session, found.address, principal)
    body = OneModule(
        **module_values(listed[0], count),
        versions=len(found.versions),
        systems=list(systems),
        standing=standing_of(found.deprecation),
    )
    return respond(request, body, public=found.public)


def versions(request: Request, wanted: _Asked, part: _Page) -> Response:
    """The versions of a module that can be installed, the newest first."""
    with database_of(request).read() as session:
        found = catalog.versions(session, wanted, principal_of(request))
        listed = listing.versions(session, found.id, found.versions[part.offset : part.offset + part.limit])
        counts = download_counts.of_versions(session, [one.id for one in listed])
    body = Versions(
        versions=[entry(one, counts[one.id].total, found.standing_of(one.version)) for one in listed],
        meta=part.meta(request, more=len(found.versions) > part.offset + part.limit),
    )
    return respond(request, body, public=found.public)


def downloads(request: Request, wanted: _Asked) -> Response:
    """How often a module was installed, and by which clients."""
    today = clock.now().date()
    with database_of(request).read() as session:
        found = catalog.versions(session, wanted, principal_of(request))
        counts = download_counts.summary(session, found.id, today)
        clients = download_counts.by_client(session, found.id, today - _YEAR)
    body = ModuleDownloads(
        summary=DownloadCounts(week=counts.week, month=counts.month, year=counts.year, total=counts.total),
        clients=[ClientCount(client=o.client, client_version=o.client_version, count=o.count) for o in clients],
    )
    return respond(request, body, public=found.public)


def routes() -> list[BaseRoute]:
    """What hangs on `/api/v1/modules`, apart from the single version."""
    reading = Permission.READ_MODULE
    return [
        described(BASE + "/modules", all_modules, permission=reading, answers=Modules, tag="modules"),
        described(MODULE, one_module, permission=reading, answers=OneModule, tag="modules", errors=(404,)),
        described(MODULE + "/versions", versions, permission=reading, answers=Versions, tag="modules", errors=(404,)),
        described(
            MODULE + "/downloads", downloads, permission=reading, answers=ModuleDownloads, tag="modules", errors=(404,)
        ),
    ]
