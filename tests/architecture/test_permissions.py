"""Deny by default: every route, command and job declares a permission, and this page is the whole list."""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

import pytest
from starlette.routing import Route

from accounts.http import Declared, UndeclaredRouteError, require_declared
from accounts.permissions import Permission
from bot.commands import COMMANDS
from core.db import Database
from core.settings import load
from registry.storage.port import Stored
from web.app import create_app
from workers.jobs import JOBS

# Reviewed by eye: a new route is added here on purpose, or not at all.
ROUTES = {
    "GET /": "public",
    "GET /.well-known/terraform.json": "public",
    "GET /api/v1/modules/{namespace}/{name}/{system}/compatible": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/dependants": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/dependencies": "read_module",
    "GET /api/docs": "public",
    "GET /api/docs/start.js": "public",
    "GET /api/docs/swagger-ui-bundle.js": "public",
    "GET /api/docs/swagger-ui.css": "public",
    "GET /api/v1/modules": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/downloads": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/changes": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/compliance": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/digests": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/example": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/findings": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/provenance": "read_module",
    "GET /api/v1/modules/{namespace}/{name}/{system}/versions/{version}/readme": "read_module",
    "GET /api/v1/namespaces": "read_module",
    "GET /api/v1/namespaces/{namespace}/compliance": "read_module",
    "GET /api/v1/openapi.json": "public",
    "GET /api/v1/search": "read_module",
    "GET /archives/private/{file}": "read_module",
    "GET /archives/sha256/{file}": "public",
    "GET /archives/signed/{expires}/{token}/{signature}/{file}": "signed_location",
    "GET /assets/style.css": "public",
    "GET /livez": "public",
    "GET /modules/{namespace}/{name}/{system}": "public",
    "GET /modules/{namespace}/{name}/{system}/{version}": "public",
    "GET /readyz": "public",
    "GET /search": "public",
    "GET /v1/modules": "read_module",
    "GET /v1/modules/": "read_module",
    "GET /v1/modules/search": "read_module",
    "GET /v1/modules/{namespace}": "read_module",
    "GET /v1/modules/{namespace}/{name}": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}/download": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}/versions": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}/{version}/download": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}/{version}/provenance": "read_module",
    "GET /v1/modules/{namespace}/{name}/{system}/{version}": "read_module",
    "GET /v1/uploads/{upload}": "publish",
    "GET /v2/modules/{namespace}/{name}/{system}/downloads/summary": "read_module",
    "POST /github/webhook": "webhook_signature",
    "POST /v1/modules/{namespace}/{name}/{system}/deprecate": "publish",
    "POST /v1/modules/{namespace}/{name}/{system}/restore": "publish",
    "POST /v1/modules/{namespace}/{name}/{system}/{version}/deprecate": "publish",
    "POST /v1/modules/{namespace}/{name}/{system}/{version}/restore": "publish",
    "POST /v1/modules/{namespace}/{name}/{system}/{version}/revoke": "publish",
    "POST /v1/modules/{namespace}/{name}/{system}/{version}/upload": "publish",
}


class _NoStorage:
    def put(self, key: str, data: bytes) -> None: ...

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO()

    def size(self, key: str) -> int:
        return 0

    def exists(self, key: str) -> bool:
        return False

    def objects(self, prefix: str = "") -> Iterator[Stored]:
        return iter(())

    def direct_url(self, key: str, begins: datetime, seconds: int) -> str | None:
        return None

    def stage(self, key: str, chunks: Iterable[bytes]) -> int:
        return 0

    def discard(self, key: str) -> None: ...

    def staged(self, before: datetime) -> tuple[str, ...]:
        return ()

    def remove(self, key: str) -> None: ...


@pytest.fixture(scope="module")
def routes() -> list:
    settings = load(
        "web",
        {
            "DATABASE_URL": "sqlite:///:memory:",
            "TERRASMITH_BASE_URL": "https://registry.example.com",
            "TERRASMITH_SECRET_KEY": "k" * 32,
            "TERRASMITH_WEBHOOK_SECRETS": "w" * 32,
        },
    )
    database = Database("sqlite:///:memory:")
    found = list(create_app(settings, database, _NoStorage()).routes)
    database.dispose()
    return found


@pytest.mark.checklist("T-08")
def test_the_routes_and_their_permissions_are_these(routes: list) -> None:
    assert all(isinstance(route, Declared) for route in routes)
    found = {
        f"{method} {route.path}": str(route.permission)
        for route in routes
        for method in route.methods
        if method != "HEAD"
    }
    assert found == ROUTES


@pytest.mark.checklist("T-08")
def test_a_route_without_permission_would_stop_the_start(routes: list) -> None:
    with pytest.raises(UndeclaredRouteError):
        require_declared([*routes, Route("/open", lambda request: None)])


@pytest.mark.checklist("T-08")
def test_every_job_declares_under_whose_authority_it_works() -> None:
    nobody = {Permission.PUBLIC, Permission.READ_MODULE}
    assert not [
        name for name, job in JOBS.items() if not isinstance(job.permission, Permission) or job.permission in nobody
    ]


@pytest.mark.checklist("T-08", "S10")
def test_every_command_declares_who_may_use_it() -> None:
    declared = {name: kind.who for name, kind in COMMANDS.items()}
    assert declared == {"generate": "write", "generate answer": "write", "usage": "write", "help": "anyone"}
