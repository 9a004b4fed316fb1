"""Serves the web application with uvicorn: one address, TLS if wished, a graceful end on SIGTERM."""

import gc
import ssl
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from core import migrate
from core.db import Database
from core.errors import SettingsError, UserError
from core.limits import Limiter
from core.settings import Settings, variable
from registry.storage.opening import open_storage, prove
from web.app import create_served
from web.connection import Connection
from web.limits import Limits

if TYPE_CHECKING:
    from core.redis import Redis

_GRACE_SECONDS = 20
_SWITCH_SECONDS = 0.001


def serve(
    settings: Settings,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    *,
    after_commit: Callable[[], None] | None = None,
    redis: "Redis | None" = None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests that have begun are answered first.

    `after_commit` is the doorbell; through `redis` processes add up their rate limits. The read path works without
    either. Raises UserError when the schema is not current.
    """
    if settings.database_url is None:
        raise SettingsError(f"{variable('database_url')} is not set.")
    _check_certificate(certificate, key)
    database = Database(settings.database_url, after_commit)
    try:
        migrate.require_current(database)
        prove(settings)
        limiter = Limiter()
        app = create_served(settings, database, open_storage(settings))
        server = make_server(Limits(app, settings=settings, limiter=limiter), host, port, certificate, key)
        app.start()
        # Threads that read and write the database must not keep the loop waiting for longer than this.
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.freeze()  # what is there now stays: nobody has to look through it again
        try:
            with _shared(limiter, redis):
                server.run()
        finally:
            app.stop()
    finally:
        database.dispose()


def _shared(limiter: Limiter, redis: "Redis | None") -> AbstractContextManager[None]:
    if redis is None:
        return nullcontext()
    from web.sharing import sharing  # loads redis, which reading does not need

    return sharing(limiter.windows, redis)


def _check_certificate(certificate: Path | None, key: Path | None) -> None:
    if certificate is None and key is None:
        return
    if certificate is None:
        raise UserError("--key needs --certificate beside it.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"--certificate {certificate} (and --key) cannot be used: {reason}.") from None


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
        http=Connection,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)
