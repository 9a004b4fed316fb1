"""Terraform's public API over `/v1/modules` (R34 to R36): lists, one module in full, the way to the latest download.

Forgives what that API forgives: a limit that is too high becomes the highest, a filter nobody fits gives an empty page.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import database_of, principal_of
from accounts.permissions import Permission
from core import clock
from core.settings import Settings
from registry.api.described import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, Model, Page, described, respond
from registry.api.discovery import MODULES_PATH
from registry.api.module_address import address
from registry.api.module_models import (
    DownloadCounts,
    DownloadsData,
    DownloadsSummary,
    ModuleDetail,
    ModuleList,
    detail,
    item,
)
from registry.services import catalog, download_counts, listing
from registry.services import search as searching
from registry.services.catalog import UnknownVersionError
from registry.services.listing import Filters, ListedModule
from registry.services.search import Question
from tfmodule.address import Address

TAG = "Terraform's public API"
_MODULE = MODULES_PATH + "{namespace}/{name}/{system}"

_LEADS: dict[str, Any] = {"responses": {"302": {"headers": {"Location": {"schema": {"type": "string"}}}}}}

_Limit = Annotated[int, AfterValidator(lambda value: min(max(value, 1), MAX_LIMIT)), Query()]
_Offset = Annotated[int, AfterValidator(lambda value: min(max(value, 0), MAX_OFFSET)), Query()]
_Provider = Annotated[str | None, Query(description="The system.", examples=["aws"])]
_Verified = Annotated[bool | None, Query(description="Only what the operator vouches for.")]
_Namespace = Annotated[str, Path(examples=["acme"])]


async def clamped(limit: _Limit = DEFAULT_LIMIT, offset: _Offset = 0) -> Page:
    """A limit out of bounds counts as the bound (R35)."""
    return Page(limit, offset)


_Page = Annotated[Page, Depends(clamped)]


def all_modules(
    request: Request,
    wanted: _Page,
    provider: _Provider = None,
    verified: _Verified = None,
    namespace: str | None = None,
) -> Response:
    """Every module that you may read, by address."""
    return _list(request, wanted, Filters(namespace=namespace, system=provider, verified=verified))


def of_namespace(
    request: Request, namespace: _Namespace, wanted: _Page, provider: _Provider = None, verified: _Verified = None
) -> Response:
    """The modules of one namespace."""
    with database_of(request).read() as session:
        home = catalog.namespace(session, namespace, principal_of(request))
    return _list(request, wanted, Filters(namespace=home.name, system=provider, verified=verified))


def of_name(
    request: Request, namespace: _Namespace, name: Annotated[str, Path(examples=["bucket"])], wanted: _Page
) -> Response:
    """The latest version of a module for each system that it exists for."""
    principal = principal_of(request)
    with database_of(request).read() as session:
        home = catalog.namespace(session, namespace, principal)
    return _list(request, wanted, Filters(namespace=home.name, name=name))


def search(
    request: Request,
    q: Annotated[str, Query(description="What to look for.", examples=["bucket"])],
    wanted: _Page,
    provider: _Provider = None,
    namespace: str | None = None,
    verified: _Verified = None,
) -> Response:
    """The modules that fit these words, the best first. Facets and more filters: `/api/v1/search`."""
    principal = principal_of(request)
    question = Question(
        text=q, namespace=namespace, system=provider, verified=verified, offset=wanted.offset, limit=wanted.limit
    )
    with database_of(request).read() as session:
        found = searching.search(session, question, principal, facets=False)
        modules = listing.by_ids(session, found.module_ids, principal)
        counts = download_counts.of_modules(session, found.module_ids)
    body = ModuleList(
        meta=wanted.meta(request, more=wanted.offset + wanted.limit < found.total),
        modules=[item(one, counts[one.id], _base_url(request)) for one in modules],
    )
    return respond(request, body, public=principal is None)


def latest(request: Request, wanted: Annotated[Address, Depends(address)]) -> Response:
    """The latest version of a module, in full."""
    return _detail(request, wanted, None)


def one_version(
    request: Request, wanted: Annotated[Address, Depends(address)], version: Annotated[str, Path(examples=["1.4.0"])]
) -> Response:
    """One version of a module, in full."""
    return _detail(request, wanted, version)


def latest_download(request: Request, wanted: Annotated[Address, Depends(address)]) -> Response:
    """Leads to the download of the latest version."""
    with database_of(request).read() as session:
        found = catalog.versions(session, wanted, principal_of(request))
    if found.latest is None:
        raise UnknownVersionError(str(wanted), "")
    caching = "public, max-age=10" if found.public else "private, no-store"
    headers = {"Location": f"{MODULES_PATH}{found.address}/{found.latest}/download", "Cache-Control": caching}
    return Response(status_code=302, headers={**headers, "Vary": "Authorization"})


def downloads_summary(request: Request, wanted: Annotated[Address, Depends(address)]) -> Response:
    """How often a module was installed."""
    with database_of(request).read() as session:
        found = catalog.versions(session, wanted, principal_of(request))
        counts = download_counts.summary(session, found.id, clock.now().date())
    attributes = DownloadCounts(week=counts.week, month=counts.month, year=counts.year, total=counts.total)
    data = DownloadsData(type="module-downloads-summary", id=str(found.address), attributes=attributes)
    return respond(request, DownloadsSummary(data=data), public=found.public)


def _list(request: Request, wanted: Page, filters: Filters) -> Response:
    principal = principal_of(request)
    with database_of(request).read() as session:
        found = listing.modules(session, filters, principal, offset=wanted.offset, limit=wanted.limit + 1)
        body = _page(request, wanted, found, download_counts.of_modules(session, [one.id for one in found]))
    return respond(request, body, public=principal is None)


def _page(request: Request, wanted: Page, found: Sequence[ListedModule], counts: dict[str, int]) -> ModuleList:
    return ModuleList(
        meta=wanted.meta(request, more=len(found) > wanted.limit),
        modules=[item(one, counts.get(one.id, 0), _base_url(request)) for one in found[: wanted.limit]],
    )


def _detail(request: Request, wanted: Address, version: str | None) -> Response:
    principal = principal_of(request)
    with database_of(request).read() as session:
        module = catalog.versions(session, wanted, principal)
        found = catalog.version(session, wanted, version or str(module.latest or ""), principal)
        contents = catalog.contents(session, found.id)
        systems = listing.systems(session, module.address, principal)
        count = download_counts.of_modules(session, [module.id])[module.id]
    shown = item(listing.of_version(found), count, _base_url(request))
    body = detail(shown, contents, systems, (str(one) for one in module.versions))
    return respond(request, body, public=found.public)


def _base_url(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.base_url or ""


@cache
def routes() -> tuple[BaseRoute, ...]:
    """What hangs on `/v1/modules`, in the order in which paths are tried; and the summary, which lies under `/v2`."""

    def reading(path: str, endpoint: Callable[..., Response], answers: type[Model] | None, **more: Any) -> BaseRoute:
        return described(path, endpoint, permission=Permission.READ_MODULE, answers=answers, tag=TAG, **more)

    missing = {"errors": (404,)}
    summary = "/v2/modules/{namespace}/{name}/{system}/downloads/summary"
    return (
        reading(MODULES_PATH.rstrip("/"), all_modules, ModuleList),
        reading(MODULES_PATH, all_modules, ModuleList, documented=False),
        reading(MODULES_PATH + "search", search, ModuleList),
        reading(MODULES_PATH + "{namespace}", of_namespace, ModuleList, **missing),
        reading(MODULES_PATH + "{namespace}/{name}", of_name, ModuleList, **missing),
        reading(_MODULE, latest, ModuleDetail, **missing),
        reading(_MODULE + "/download", latest_download, None, status=302, more=_LEADS, **missing),
        reading(_MODULE + "/{version}", one_version, ModuleDetail, **missing),
        reading(summary, downloads_summary, DownloadsSummary, **missing),
    )
