"""Serves the web application with uvicorn: one address, TLS if wished, a graceful end on SIGTERM."""

from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from core import migrate
from core.db import Database
from core.errors import SettingsError
from core.settings import Settings, variable
from registry.storage.opening import open_storage
from web.app import create_app

_GRACE_SECONDS = 20


def serve(
    settings: Settings,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    *,
    after_commit: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests that have begun are answered first.

    `after_commit` is the doorbell; the read path works without. Raises UserError when the schema is not current.
    """
    if settings.database_url is None:
        raise SettingsError(f"{variable('database_url')} is not set.")
    database = Database(settings.database_url, after_commit)
    try:
        migrate.require_current(database)
        app = create_app(settings, database, open_storage(settings))
        make_server(app, host, port, certificate, key).run()
    finally:
        database.dispose()


def make_server(
    app: ASGIApp, host: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Server:
    """A server that has not started. Port 0 takes a free one."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        # The edge writes the log: uvicorn's own would hold signatures. Nothing is believed of X-Forwarded-*.
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)
