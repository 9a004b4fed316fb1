"""The registry's routes, each with its permission. Assembles; decides nothing."""

from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from core.db import Database
from core.errors import SettingsError
from core.settings import Settings, variable
from registry.api import listing
from registry.api.archives import Archives
from registry.api.discovery import MODULES_PATH, discovery
from registry.api.own import table as own
from registry.api.protocol import Protocol
from registry.api.uploads import UPLOADS_PATH, Uploads
from registry.services import downloads
from registry.storage.port import Storage

_MODULE = MODULES_PATH + "{namespace}/{name}/{system}"


def routes(settings: Settings, database: Database, storage: Storage) -> list[BaseRoute]:
    """Everything that `terraform init` needs, publishing by API, and `/api/v1`."""
    if settings.secret_key is None:
        # With an empty key anybody could sign.
        raise SettingsError(f"{variable('secret_key')} is not set: private archives could not be served safely.")
    key = downloads.signing_key(settings.secret_key.get_secret_value())
    protocol = Protocol(database, key, settings.base_url or "")
    archives = Archives(database, storage, key, settings.archives)
    publishing = Uploads(database, storage)
    reading = Permission.READ_MODULE
    return [
        route("/.well-known/terraform.json", discovery, permission=Permission.PUBLIC),
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
        route(
            _MODULE + "/{version}/upload",
            publishing.send,
            permission=Permission.PUBLISH,
            methods=("POST",),
            raw_path=True,
        ),
        route(UPLOADS_PATH + "{upload}", publishing.look, permission=Permission.PUBLISH),
        *listing.routes(),
        *own.routes(),
    ]
