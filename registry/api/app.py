"""The registry's routes, each with its permission. Assembles; decides nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from accounts.http import route
from accounts.permissions import Permission
from core.db import Database
from core.errors import SettingsError
from core.settings import Settings, variable
from registry.api.answers import Answers
from registry.api.archives import Archives
from registry.api.discovery import DISCOVERY_PATH, MODULES_PATH, discovery
from registry.api.hot import HotPath
from registry.api.own import table as own
from registry.api.protocol import Protocol
from registry.download_counter import DownloadCounter
from registry.services import downloads
from registry.storage.port import Storage

_MODULE = MODULES_PATH + "{namespace}/{name}/{system}"


def routes(
    settings: Settings, database: Database, storage: Storage, counter: DownloadCounter | None = None
) -> list[BaseRoute]:
    """All of `terraform init`, publishing by API, and `/api/v1`. Without `counter` no download is counted."""
    protocol, archives = _endpoints(settings, database, storage, counter)
    reading = Permission.READ_MODULE
    return [
        route(DISCOVERY_PATH, discovery, permission=Permission.PUBLIC),
        route(_MODULE + "/versions", protocol.versions, permission=reading, raw_path=True),
        route(_MODULE + "/{version}/download", protocol.download, permission=reading, raw_path=True),
        route(_MODULE + "/{version}/provenance", protocol.provenance, permission=reading, raw_path=True),
        route(downloads.PUBLIC_PATH + "{file}", archives.public, permission=Permission.PUBLIC),
        route(downloads.PRIVATE_PATH + "{file}", archives.private, permission=reading),
        route(
            downloads.SIGNED_PATH + "{expires}/{token}/{signature}/{file}",
            archives.signed,
            permission=Permission.SIGNED_LOCATION,
        ),
        *own.routes(),
    ]


def hot_path(
    app: ASGIApp,
    settings: Settings,
    database: Database,
    storage: Storage,
    counter: DownloadCounter,
    *,
    headers: Mapping[str, str],
    failure: Callable[[Request, Exception], Response],
) -> HotPath:
    """The same answers, in front of `app`, from what is kept. `headers` are those that `app` gives every answer."""
    answers = Answers(*_endpoints(settings, database, storage, counter), headers)
    return HotPath(app, answers, counter, headers=headers, failure=failure)


def _endpoints(
    settings: Settings, database: Database, storage: Storage, counter: DownloadCounter | None
) -> tuple[Protocol, Archives]:
    if settings.secret_key is None:
        # With an empty key anybody could sign.
        raise SettingsError(f"{variable('secret_key')} is not set: private archives could not be served safely.")
    key = downloads.signing_key(settings.secret_key.get_secret_value())
    protocol = Protocol(database, key, settings.base_url or "")
    if counter is not None:
        protocol = replace(protocol, count=counter.count_agent)
    return protocol, Archives(database, storage, key, settings.archives)
