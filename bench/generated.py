"""A registry as large as one likes: rows written straight into the tables. Checks nothing that a service would."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from sqlalchemy import delete, insert

from accounts import namespaces, tokens
from bench.processes import Web
from bench.published import LARGE, PRIVATE, PUBLIC, SMALL, VERSIONS, contents
from core import clock
from core.db import Database
from core.models import Change
from registry import models
from registry.services import publishing
from registry.services.publishing import PreparedArchive
from registry.services.refusals import REPOSITORY
from registry.storage.local import LocalStorage

_ROWS = 5_000


def fill(server: Web, modules: int) -> tuple[str, dict[str, PreparedArchive]]:
    """Half of the modules in each namespace, in ten versions; a token that publishes in the private one; archives."""
    archives = contents()
    storage = LocalStorage(server.data_dir / "storage")
    for prepared in archives.values():
        publishing.store(storage, prepared)
    database = Database(server.database_url)
    try:
        with database.unit_of_work() as session:
            private = namespaces.bind(session, 11, PRIVATE, "Organization", "private")
            public = namespaces.bind(session, 12, PUBLIC, "Organization", "public")
            token = tokens.create(session, "bench", PRIVATE, "publish", timedelta(days=1))[1]
        for namespace in (private, public):
            _fill_one(database, namespace.id, modules // 2, archives)
        with database.unit_of_work() as session:
            session.execute(delete(Change))
        return token, archives
    finally:
        database.dispose()


def _fill_one(database: Database, namespace_id: str, modules: int, archives: dict[str, PreparedArchive]) -> None:
    names = (SMALL, LARGE, *(f"{SMALL}-{number}" for number in range(modules - 2)))
    rows = ((f"mod_{namespace_id[-20:]}_{number}", name) for number, name in enumerate(names))
    while some := list(islice(rows, _ROWS // len(VERSIONS))):
        with database.unit_of_work() as session:
            connection = session.connection()  # past the ORM: a million rows
            connection.execute(insert(models.Module.__table__), [_module(namespace_id, *one) for one in some])
            versions = (_versions(module_id, archives.get(name, archives[SMALL])) for module_id, name in some)
            connection.execute(insert(models.Version.__table__), list(chain.from_iterable(versions)))


def _module(namespace_id: str, module_id: str, name: str) -> dict[str, Any]:
    return {
        "id": module_id,
        "namespace_id": namespace_id,
        "name": name,
        "name_key": name,
        "system": "terraform",
        "source": REPOSITORY,
        "repository_id": 7,
        "source_url": f"https://github.example/{namespace_id}/terraform-terraform-{name}",
        "created_at": clock.now(),
    }


def _versions(module_id: str, prepared: PreparedArchive) -> Iterator[dict[str, Any]]:
    for number, version in enumerate(VERSIONS):
        yield {
            "id": f"v{number}_{module_id[4:]}"[:32],
            "module_id": module_id,
            "version": version,
            "version_key": version,
            "state": "published",
            "commit_sha": "c" * 40,
            "tag": f"v{version}",
            "sha256": prepared.sha256,
            "h1": prepared.h1,
            "size": prepared.size,
            "interface": {},
            "readme": "# A module\n",
            "report": {},
            "published_at": clock.now(),
        }
