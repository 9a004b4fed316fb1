"""`terrasmith module move` against a real database file."""

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from accounts import namespaces
from core import clock
from core.db import Database
from core.errors import UserError
from registry.models import Module
from terrasmith.main import app

runner = CliRunner()


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    opened = Database(sqlite_url)
    with opened.unit_of_work() as session:
        namespace = namespaces.bind(session, 1, "acme", "Organization")
        for name, source, repository_id in (("network", "repository", 7), ("sent", "uploads", 0)):
            session.add(
                Module(
                    id=f"mod_{name}", namespace_id=namespace.id, name=name, name_key=name, system="aws", source=source,
                    repository_id=repository_id, source_url="", created_at=clock.now(),
                )
            )  # fmt: skip
    yield opened
    opened.dispose()


def place(database) -> tuple[int, str]:
    with database.read() as session:
        module = session.scalars(select(Module).where(Module.name == "network")).one()
        return module.repository_id, module.path


def test_a_module_is_moved_to_a_folder_and_to_a_repository(database) -> None:
    done = runner.invoke(app, ["module", "move", "acme/network/aws", "--path", "modules/network"])
    assert done.exit_code == 0 and "the folder `modules/network` of repository 7" in done.stdout
    assert place(database) == (7, "modules/network")
    done = runner.invoke(app, ["module", "move", "acme/network/aws", "--path", ".", "--repository-id", "9"])
    assert done.exit_code == 0 and "the root of repository 9" in done.stdout
    assert place(database) == (9, "")


@pytest.mark.parametrize(
    ("address", "path", "says"),
    [
        ("acme/none/aws", "x", "no module"),
        ("acme/sent/aws", "x", "uploads"),
        ("acme/network/aws", "../x", "`..`"),
        ("network", "x", "not a module address"),
    ],
)
def test_helpful_errors(database, address: str, path: str, says: str) -> None:
    done = runner.invoke(app, ["module", "move", address, "--path", path])
    assert isinstance(done.exception, UserError) and says in done.exception.message
    assert place(database) == (7, "")
