"""A registry with modules in it, and the same archives in a folder for a static file server."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from accounts import namespaces, tokens
from bench import wire
from bench.processes import Web, folder, static_files, web
from core.db import Database
from generator import catalogue
from registry.api.discovery import MODULES_PATH
from registry.services import publishing
from registry.services.publishing import PreparedArchive, PublishVersion
from registry.storage.local import LocalStorage
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import Version

PRIVATE, PUBLIC = "acme", "commons"
SMALL, LARGE = "label", "network"
VERSIONS = tuple(f"1.{minor}.0" for minor in range(10))
CHOSEN = VERSIONS[-1]
_ACCOUNTS = {PRIVATE: 11, PUBLIC: 12}


@dataclass(frozen=True)
class Registry:
    """Our web process with modules published, a static server with the same archives, and a token."""

    web: Web
    token: str
    archives: dict[str, PreparedArchive]
    static_name: str
    static_port: int
    work: Path


@contextmanager
def registry(modules: int) -> Iterator[Registry]:
    """Both namespaces hold SMALL, LARGE and SMALL again under `modules` other names, each in ten versions."""
    with folder() as work:
        (work / "web").mkdir()
        (work / "static").mkdir()
        archives = contents()
        for name in names(modules):
            content = archives.get(name, archives[SMALL])
            (work / "static" / f"{name}.tar.gz").write_bytes(content.data)
        with web(work / "web") as server, static_files(work / "static") as (static_name, static_port):
            token = _fill(server, archives, modules)
            yield Registry(server, token, archives, static_name, static_port, work)


def upload(port: int, token: str, address: Address, version: str, body: bytes) -> str:
    """Send an archive as anybody does; the id of the upload."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/gzip"}
    answer = wire.once(port, wire.post(port, f"{MODULES_PATH}{address}/{version}/upload", headers, body))
    if answer.status != 202:
        raise RuntimeError(f"{answer.status} to an upload: {answer.body[:200]!r}")
    return str(json.loads(answer.body)["id"])


def contents() -> dict[str, PreparedArchive]:
    """A small archive and a large one."""
    return {SMALL: publishing.prepare(_small()), LARGE: publishing.prepare(large())}


def names(modules: int) -> tuple[str, ...]:
    """Every module's name."""
    return (SMALL, LARGE, *(f"{SMALL}-{number}" for number in range(modules)))


def _fill(server: Web, archives: dict[str, PreparedArchive], modules: int) -> str:
    storage = LocalStorage(server.data_dir / "storage")
    for prepared in archives.values():
        publishing.store(storage, prepared)
    database = Database(server.database_url)
    try:
        with database.unit_of_work() as session:
            namespaces.bind(session, _ACCOUNTS[PRIVATE], PRIVATE, "Organization", "private")
            namespaces.bind(session, _ACCOUNTS[PUBLIC], PUBLIC, "Organization", "public")
            for namespace in (PRIVATE, PUBLIC):
                for number, name in enumerate(names(modules)):
                    prepared = archives.get(name, archives[SMALL])
                    for version in VERSIONS:
                        publishing.publish(session, _version(namespace, name, number, version, prepared))
            return tokens.create(session, "bench", PRIVATE, "read", timedelta(days=1))[1]
    finally:
        database.dispose()


def _version(namespace: str, name: str, number: int, version: str, prepared: PreparedArchive) -> PublishVersion:
    address = Address(namespace, name, "terraform")
    return PublishVersion(
        address=address,
        version=Version.parse(version),
        tag=f"v{version}",
        commit_sha="c" * 40,
        repository_id=_ACCOUNTS[namespace] * 100_000 + number,
        account_id=_ACCOUNTS[namespace],
        source_is_private=namespace == PRIVATE,
        source_url=f"https://github.example/{namespace}/{address.repository_name}",
        sha256=prepared.sha256,
        h1=prepared.h1,
        size=prepared.size,
        contents=Contents(Part("", f"# {name}\n", Interface())),
        report={},
    )


def _small() -> list[Entry]:
    """The built-in label template: it needs no provider."""
    template = next(one for one in catalogue.built_in() if one.name == SMALL)
    files = {path: data for path, data in template.files.items() if not path.startswith(("tests/", "examples/"))}
    return [Entry(path, data) for path, data in sorted(files.items())]


def large() -> list[Entry]:
    """The same with as many files and bytes as a well-known network module has: 134 entries, about 120 kB packed."""
    chance = random.Random(134)
    filler = [Entry(f"docs/page-{number:03}.md", chance.randbytes(900).hex().encode()) for number in range(130)]
    return [*_small(), *filler]
