"""A registry with modules in it: published into any database, served in process or on a real port."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from accounts import namespaces
from core.db import Database
from core.settings import Settings
from registry.services import indexing, publishing
from registry.services.publishing import Published, PublishVersion
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tests.integration.registry.consuming import Terraform
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import Version
from web.app import create_app
from web.server import make_server

SECRET_KEY = "0123456789abcdef" * 4
HOST = "reg.example.test"


@dataclass
class Registry:
    """A database, a storage, the application over both, and short ways to fill them."""

    database: Database
    storage: LocalStorage
    app: Starlette
    accounts: dict[str, int] = field(default_factory=dict)

    def namespace(self, name: str, visibility: namespaces.Visibility = "public") -> namespaces.Namespace:
        account_id = self.accounts.setdefault(name, 100 + len(self.accounts))
        with self.database.unit_of_work() as session:
            return namespaces.bind(session, account_id, name, "Organization", visibility)

    def token(self, namespace: str, allow: str = "read") -> str:
        from datetime import timedelta

        from accounts import tokens

        with self.database.unit_of_work() as session:
            return tokens.create(session, "test", namespace, allow, timedelta(days=1))[1]  # type: ignore[arg-type]

    def request(self, address: str, version: str, content: str = "", **changes: Any) -> PublishVersion:
        """What `publish` takes for a module of one file, its archive stored."""
        parsed = Address.parse(address)
        text = f'output "version" {{\n  value = "{version}{content}"\n}}\n'
        prepared = publishing.prepare([Entry("main.tf", text.encode())])
        publishing.store(self.storage, prepared)
        values: dict[str, Any] = {
            "address": parsed,
            "version": Version.parse(version),
            "tag": f"v{version}",
            "commit_sha": "c" * 40,
            "repository_id": 7,
            "account_id": self.accounts[parsed.namespace],
            "source_url": f"https://github.example/{parsed.namespace}/{parsed.repository_name}",
            "source_is_private": False,
            "sha256": prepared.sha256,
            "h1": prepared.h1,
            "size": prepared.size,
            "contents": Contents(Part("", f"# {parsed.name}\n\nA module.", Interface())),
            "report": {},
        }
        return PublishVersion(**(values | changes))

    def publish(self, address: str, version: str, content: str = "", **changes: Any) -> Published:
        request = self.request(address, version, content, **changes)
        with self.database.unit_of_work() as session:
            return publishing.publish(session, request)

    def index(self) -> None:
        """Let the search find what was published, as the job does."""
        with self.database.unit_of_work() as session:
            while indexing.catch_up(session):
                pass

    def archive_path(self, sha256: str) -> Path:
        """The stored file."""
        return self.storage.root / archive_key(sha256)


@pytest.fixture
def settings() -> Settings:
    return Settings(base_url=f"https://{HOST}", secret_key=SECRET_KEY, webhook_secrets="w" * 32)  # type: ignore[arg-type]


def _registry(url: str, tmp_path: Path, settings: Settings) -> Registry:
    database = Database(url)
    storage = LocalStorage(tmp_path / "storage")
    return Registry(database, storage, create_app(settings, database, storage))


@pytest.fixture
def registry(database_url: str, tmp_path: Path, settings: Settings) -> Iterator[Registry]:
    """On SQLite and on Postgres."""
    made = _registry(database_url, tmp_path, settings)
    yield made
    made.database.dispose()


@pytest.fixture
def sqlite_registry(sqlite_url: str, tmp_path: Path, settings: Settings) -> Iterator[Registry]:
    """On SQLite only: for what has nothing to do with the database."""
    made = _registry(sqlite_url, tmp_path, settings)
    yield made
    made.database.dispose()


@contextmanager
def _serving(app: Any, certificate: Path | None, key: Path | None) -> Iterator[int]:
    server = make_server(app, "127.0.0.1", 0, certificate, key)
    started = threading.Event()
    startup = server.startup

    async def announced(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = announced  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(30), "the server did not start"
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def serving() -> Callable[..., Any]:
    """`with serving(app) as port:` serves an application on a free port of 127.0.0.1."""

    def start(app: Any, certificate: Path | None = None, key: Path | None = None) -> Any:
        return _serving(app, certificate, key)

    return start


@pytest.fixture
def terraform(tmp_path: Path):
    """`terraform(port, token)` makes a folder whose configuration knows our host."""

    def make(port: int, token: str | None = None) -> Terraform:
        folder = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        lines = ["disable_checkpoint = true", f'host "{HOST}" {{']
        lines += [f'  services = {{ "modules.v1" = "http://127.0.0.1:{port}/v1/modules/" }}', "}"]
        if token is not None:
            lines += [f'credentials "{HOST}" {{', f'  token = "{token}"', "}"]
        config = folder / "terraform.rc"
        config.write_text("\n".join(lines) + "\n")
        return Terraform(folder, config)

    return make
