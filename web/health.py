"""Health: `/livez` says that the process runs, `/readyz` that it can do its work. Asks no Redis and no GitHub."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from core.db import Database
from core.log import get_logger
from registry.api.json_body import json_response
from registry.services import sweeping
from registry.storage.port import Storage, archive_key

_log = get_logger(__name__)
_UNCACHED = {"Cache-Control": "no-store"}


async def livez(_request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "ok"}, headers=_UNCACHED)


@dataclass(frozen=True)
class Readiness:
    """What this role needs: the database with its tables, and the storage."""

    database: Database
    storage: Storage

    def readyz(self, _request: Request) -> Response:
        """200, or 503 that names what is missing."""
        parts = {"database": _try(self._ask_database), "storage": _try(self._ask_storage)}
        ready = all(parts.values())
        body = {
            "status": "ok" if ready else "unavailable",
            **{name: "ok" if up else "down" for name, up in parts.items()},
        }
        if parts["database"]:
            body["archives"] = "damaged" if self._any_damaged() else "ok"
        return json_response(body, 200 if ready else 503, _UNCACHED)

    def _ask_database(self) -> None:
        with self.database.read() as session:
            session.execute(text("SELECT 1 FROM versions LIMIT 1"))

    def _any_damaged(self) -> bool:
        # Told, but no reason to take the whole registry out of service: every other module is served.
        with self.database.read() as session:
            return sweeping.any_damaged(session)

    def _ask_storage(self) -> None:
        self.storage.exists(archive_key("0" * 64))


def _try(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Exception as error:  # noqa: BLE001  # any reason means: not ready
        _log.warning("not ready", error=str(error))
        return False
    return True
