"""Permissions on HTTP routes: each declares one, it is enforced before the endpoint runs, and none starts without.

Knows bearer tokens and Starlette's routes; what a principal may see is decided by the services.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from accounts import tokens
from accounts.permissions import NotAllowedError, Permission, SignInRequiredError
from accounts.tokens import Principal
from core import clock
from core.db import Database
from core.errors import TerrasmithError

# Nobody has to be asked for these before the endpoint runs: no database, no thread.
_PROVED_BY_ENDPOINT = frozenset({Permission.PUBLIC, Permission.SIGNED_LOCATION, Permission.WEBHOOK_SIGNATURE})

ROUTE_TEMPLATE = "terrasmith.route"
"""Where the ASGI scope holds the template of the route that answered."""

Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class UndeclaredRouteError(TerrasmithError):
    """Routes without a permission: the process does not start."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(f"these routes declare no permission: {', '.join(paths)}")
        self.paths = tuple(paths)


class Declared:
    """What every route of ours is: `permission` is enforced before its endpoint runs."""

    permission: Permission


class DeclaredRoute(Declared, Route):
    """A route with a permission. With `raw_path` it matches the path as it was sent, percent signs and all."""

    def __init__(
        self, path: str, endpoint: Endpoint, *, methods: Sequence[str], permission: Permission, raw_path: bool = False
    ) -> None:
        super().__init__(path, guarded(endpoint, permission), methods=list(methods), name=_name_of(endpoint))
        self.permission = permission
        self.raw_path = raw_path

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self.raw_path and scope["type"] == "http" and "raw_path" in scope:
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        match, child = super().matches(scope)
        if match is not Match.NONE:
            # The log names routes, not addresses.
            child[ROUTE_TEMPLATE] = self.path
        return match, child


def route(
    path: str,
    endpoint: Endpoint,
    *,
    permission: Permission,
    methods: Sequence[str] = ("GET",),
    raw_path: bool = False,
) -> DeclaredRoute:
    """A route that enforces its permission. The endpoint finds the holder of the token by `principal_of`."""
    return DeclaredRoute(path, endpoint, methods=methods, permission=permission, raw_path=raw_path)


def bearer(authorization: str) -> str | None:
    """The token in such a header; None where there is none that could be ours."""
    scheme, _, text = authorization.partition(" ")
    text = text.strip()
    return text if scheme.lower() == "bearer" and tokens.is_well_formed(text) else None


def require_declared(routes: Iterable[BaseRoute]) -> None:
    """Raise UndeclaredRouteError if one of these routes, or of those mounted under them, declares no permission."""
    missing = list(_undeclared(routes))
    if missing:
        raise UndeclaredRouteError(missing)


def principal_of(request: Request) -> Principal | None:
    """Who asks; None is a stranger. Set by the route's guard."""
    return getattr(request.state, "principal", None)


def database_of(request: Request) -> Database:
    """The database of the application that answers."""
    database: Database = request.app.state.database
    return database


def _undeclared(routes: Iterable[BaseRoute], prefix: str = "") -> Iterable[str]:
    for one in routes:
        path = prefix + str(getattr(one, "path", type(one).__name__))
        if isinstance(one, Mount) and one.routes:
            yield from _undeclared(one.routes, path)
        elif not isinstance(one, Declared):
            yield path


def guarded(endpoint: Endpoint, permission: Permission) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The endpoint behind its permission."""

    async def admitted(request: Request) -> Response:
        if inspect.iscoroutinefunction(endpoint):
            if permission in _PROVED_BY_ENDPOINT:
                _admit(request, permission)
            else:
                await run_in_threadpool(_admit, request, permission)
            response: Response = await endpoint(request)
        else:
            # One trip to a thread for both: the read path is called often.
            response = await run_in_threadpool(_admit_and_call, request, permission, endpoint)
        _note_use_afterwards(request, response)
        return response

    return admitted


def _admit_and_call(request: Request, permission: Permission, endpoint: Any) -> Response:
    _admit(request, permission)
    response: Response = endpoint(request)
    return response


def _admit(request: Request, permission: Permission) -> None:
    match permission:
        case _ if permission in _PROVED_BY_ENDPOINT:
            return
        case Permission.READ_MODULE:
            request.state.principal = _authenticate(request)
        case Permission.PUBLISH:
            principal = _authenticate(request)
            if principal is None:
                raise SignInRequiredError
            if principal.allow != "publish":
                raise NotAllowedError(permission)
            request.state.principal = principal
        case _:
            raise NotAllowedError(permission)


def _authenticate(request: Request) -> Principal | None:
    text = bearer(request.headers.get("authorization", ""))
    if text is None:
        return None
    with database_of(request).read() as session:
        return tokens.authenticate(session, text)


def _note_use_afterwards(request: Request, response: Response) -> None:
    principal = principal_of(request)
    if principal is not None and response.background is None and principal.use_is_stale(clock.now()):
        response.background = BackgroundTask(_note_use, database_of(request), principal.token_id)


def _note_use(database: Database, token_id: str) -> None:
    with database.unit_of_work() as session:
        tokens.note_use(session, token_id)


def _name_of(endpoint: Endpoint) -> str:
    return getattr(endpoint, "__name__", type(endpoint).__name__)
