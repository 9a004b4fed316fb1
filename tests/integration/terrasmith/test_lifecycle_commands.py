"""The operator's commands that move versions, set policies and collect: what they do, say and refuse."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from accounts import namespaces
from core import clock
from core.db import Database
from core.errors import UserError
from registry.services import publishing, steps
from registry.services.publishing import PublishVersion
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key, archives
from terrasmith.main import app
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import Version

ADDRESS = "acme/bucket/aws"


@pytest.fixture
def storage(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """A registry with three versions, which the commands find by their environment."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TERRASMITH_DATA_DIR", str(tmp_path))
    storage, database = LocalStorage(tmp_path / "storage"), Database(sqlite_url)
    with database.unit_of_work() as session:
        namespaces.bind(session, 100, "acme", "Organization", "public")
    for version in ("1.0.0", "1.1.0-rc.1", "1.1.0-rc.2"):
        prepared = publishing.prepare([Entry("main.tf", f"# {version}\n".encode())])
        publishing.store(storage, prepared)
        request = PublishVersion(
            address=Address.parse(ADDRESS), version=Version.parse(version), account_id=100, sha256=prepared.sha256,
            h1=prepared.h1, size=prepared.size, contents=Contents(Part("", "", Interface())), report={},
        )  # fmt: skip
        with database.unit_of_work() as session:
            publishing.publish(session, request)
    database.dispose()
    return storage


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def _said(*arguments: str) -> str:
    done = _run(*arguments)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


@pytest.mark.usefixtures("storage")
def test_versions_are_moved_and_listed() -> None:
    why = ("--reason", "a fault")
    assert "is deprecated: a fault. Use acme/bucket/aws/1.1.0-rc.2 instead" in _said(
        "version", "deprecate", ADDRESS, "1.0.0", *why, "--replacement", "1.1.0-rc.2"
    )
    assert "deprecated" in _said("version", "deprecate", ADDRESS, "--whole-module", *why)
    assert "is published." in _said("version", "restore", ADDRESS, "--whole-module", *why)
    assert "is revoked: a fault" in _said("version", "revoke", ADDRESS, "1.1.0-rc.1", *why)
    assert "is quarantined" in _said("version", "quarantine", ADDRESS, "1.1.0-rc.1", *why)
    assert "is revoked: a fault" in _said("version", "restore", ADDRESS, "1.1.0-rc.1", *why)
    assert "is held" in _said("version", "hold", ADDRESS, "1.1.0-rc.2", *why)
    refused = _run("version", "remove", ADDRESS, "1.1.0-rc.2", *why, "--yes")
    assert isinstance(refused.exception, UserError) and "under a hold" in str(refused.exception)
    listed = _said("version", "list", ADDRESS)
    for word in ("deprecated", "revoked", "held", "acme/bucket/aws/1.1.0-rc.2", "a fault"):
        assert word in listed
    assert "not held" in _said("version", "unhold", ADDRESS, "1.1.0-rc.2")


def test_a_smaller_step_is_allowed_by_a_command_with_a_reason(storage: LocalStorage, sqlite_url: str) -> None:
    del storage
    said = _said("version", "allow-step", ADDRESS, "1.0.1", "--reason", "Nobody used  it.")
    assert said == "acme/bucket/aws 1.0.1 may be published, whatever step its changes ask for: Nobody used it.\n"
    database = Database(sqlite_url)
    with database.read() as session:
        allowance = steps.allowance(session, Address.parse(ADDRESS), Version.parse("1.0.1"))
    database.dispose()
    assert allowance is not None and (allowance.actor, allowance.reason) == ("operator", "Nobody used it.")
    for version, reason, expected in (("1.0.0", "x", "published already"), ("1.0.1", " ", "Say why")):
        refused = _run("version", "allow-step", ADDRESS, version, "--reason", reason)
        assert isinstance(refused.exception, UserError) and expected in str(refused.exception)


@pytest.mark.usefixtures("storage")
def test_a_version_that_goes_is_told_who_recommends_it() -> None:
    why = ("--reason", "a fault")
    for replacement in ("1.1.0-rc.1", "Acme/Bucket/aws/1.1.0-rc.2"):
        _said("version", "deprecate", ADDRESS, "1.0.0", *why, "--replacement", replacement)
    assert not _run("version", "revoke", ADDRESS, "1.1.0-rc.1", *why).stderr, "nobody names it any more"
    for command in (("revoke",), ("quarantine",), ("remove", "--yes")):
        told = _run("version", command[0], ADDRESS, "1.1.0-rc.2", *why, *command[1:]).stderr
        assert told.startswith("warning: acme/bucket/aws/1.0.0 still names it") and told.count("\n") == 1


@pytest.mark.usefixtures("storage")
def test_a_policy_says_what_it_was_taken_for() -> None:
    refused = _run("retention", "set", "acme", "--prereleases", "5")
    assert "--prereleases takes days with their unit, such as `5d`." in str(refused.exception)
    told = _said("retention", "set", "acme", "--prereleases", "5d", "--keep-downloaded", "1d")
    assert "prereleases may go after 5 days; no releases go; the highest 5 of each module stay" in told
    assert "downloaded in the last 1 day stays" in told


@pytest.mark.usefixtures("storage")
def test_what_is_mistyped_is_said() -> None:
    for arguments in (
        ("version", "deprecate", ADDRESS, "--reason", "x"),
        ("version", "deprecate", ADDRESS, "1.0.0", "--whole-module", "--reason", "x"),
        ("version", "revoke", ADDRESS, "9.9.9", "--reason", "x"),
        ("version", "quarantine", "acme/none/aws", "1.0.0", "--reason", "x"),
        ("version", "restore", ADDRESS, "1.0.0", "--reason", " "),
        ("retention", "set", "nobody", "--prereleases", "90d"),
        ("retention", "set", "--prereleases", "soon"),
        ("retention", "set", "--prereleases", "5"),
        ("retention", "set"),
    ):
        assert isinstance(_run(*arguments).exception, UserError), arguments


def test_gc_says_what_would_go_and_then_does_it(storage: LocalStorage, sqlite_url: str) -> None:
    assert _said("gc").splitlines() == ["Versions removed by retention: 0.", "Archives deleted: 0, 0 bytes."]
    assert "default" in _said("retention", "set", "--prereleases", "90d", "--keep-last", "1", "--releases", "900d")
    assert "90d" in _said("retention", "show")
    assert "0." in _said("gc", "--dry-run").splitlines()[0]
    database = Database(sqlite_url)
    _grow_old(database, "versions", "published_at")
    plan = _said("gc", "--dry-run")
    assert "1.1.0-rc.1" in plan and "would be removed by retention: 1." in plan
    assert "Versions removed by retention: 1." in _said("gc")
    assert "Versions removed by retention: 0." in _said("gc")
    # Its bytes wait a week more.
    kept = set(archives(storage))
    _grow_old(database, "archives", "claimed_at")
    assert "Archives would be deleted: 0" in _said("gc", "--dry-run")
    _grow_old(database, "versions", "state_changed_at")
    assert "Archives would be deleted: 1" in _said("gc", "--dry-run")
    assert "Archives deleted: 1" in _said("gc")
    assert len(set(archives(storage))) == len(kept) - 1
    database.dispose()
    storage.put(archive_key("f" * 64), b"from elsewhere")
    assert "Unknown archives would be noted: 1." in _said("gc", "--unknown", "--dry-run")
    assert "noted, to be deleted in 7 days: 1." in _said("gc", "--unknown")
    assert storage.exists(archive_key("f" * 64))
    assert "had no policy" in _said("retention", "clear", "acme") and "is gone" in _said("retention", "clear")


def _grow_old(database: Database, table: str, column: str) -> None:
    """As if it had been a year ago. A version's own moment is guarded by a trigger."""
    with database.unit_of_work() as session:
        trigger = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'versions_never_change'"))
        session.execute(text("DROP TRIGGER versions_never_change"))
        session.execute(
            text(f"UPDATE {table} SET {column} = :then WHERE {column} IS NOT NULL"),
            {"then": f"{clock.now() - timedelta(days=365):%Y-%m-%d %H:%M:%S.%f}"},
        )
        session.execute(text(trigger))
