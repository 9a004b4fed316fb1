"""The web process: routes of registry, webhook and pages. Assembles, and refuses to start with an undeclared one."""

from collections.abc import Iterable, Sequence

from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from accounts.http import require_declared, route
from accounts.permissions import Permission
from bot import webhook
from core.db import Database
from core.errors import TerrasmithError
from core.limits import Limiter
from core.log import get_logger
from core.settings import Settings
from registry.api import app as registry_api
from registry.api.errors import status_of
from registry.api.hot import HotPath
from registry.download_counter import DownloadCounter
from registry.storage.port import Storage
from web import api_docs
from web.edge import HEADERS, Edge
from web.failures import failure
from web.health import Readiness, livez
from web.limits import Limits
from web.pages import Pages, style
from web.search_page import SearchPage

_log = get_logger(__name__)


def create_app(
    settings: Settings,
    database: Database,
    storage: Storage,
    extra_routes: Sequence[BaseRoute] = (),
    counter: DownloadCounter | None = None,
    limiter: Limiter | None = None,
) -> Starlette:
    """Every route there is. Raises UndeclaredRouteError and SettingsError rather than start unsafe."""
    routes = [
        *registry_api.routes(settings, database, storage, counter),
        *webhook.routes(settings, database),
        *extra_routes,
        *_own_routes(settings, database, storage),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Limits, settings=settings, limiter=limiter or Limiter()), Middleware(Edge)],
        exception_handlers={HTTPException: _answer, TerrasmithError: _answer, RequestValidationError: _answer},
    )
    # A redirect to the path with a slash would repeat the Host header that a stranger sent.
    app.router.redirect_slashes = False
    app.state.settings, app.state.database, app.state.storage = settings, database, storage
    require_declared(app.routes)
    return app


def create_served(settings: Settings, database: Database, storage: Storage) -> HotPath:
    """The whole web application as it is served: the hot path in front of the routes. Start and stop it."""
    counter = DownloadCounter(database)
    app = create_app(settings, database, storage, counter=counter)
    return registry_api.hot_path(app, settings, database, storage, counter, headers=HEADERS, failure=failure)


def _own_routes(settings: Settings, database: Database, storage: Storage) -> Iterable[BaseRoute]:
    pages = Pages(database, settings.registry_host)
    module = "/modules/{namespace}/{name}/{system}"
    return (
        route("/livez", livez, permission=Permission.PUBLIC),
        route("/readyz", Readiness(database, storage).readyz, permission=Permission.PUBLIC),
        route("/", pages.home, permission=Permission.PUBLIC),
        route("/search", SearchPage(database).show, permission=Permission.PUBLIC),
        route("/assets/style.css", style, permission=Permission.PUBLIC),
        route(module, pages.module, permission=Permission.PUBLIC),
        route(module + "/{version}", pages.module, permission=Permission.PUBLIC),
        *api_docs.routes(),
    )


def _answer(request: Request, error: Exception) -> Response:
    if status_of(error) == 500:
        _log.error("request failed", error=f"{type(error).__name__}: {error}")
    return failure(request, error)
