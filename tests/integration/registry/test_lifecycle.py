"""What becomes of published versions, on both databases: nothing changes or deletes one, a removed one stays taken."""

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient
from typer.testing import CliRunner

from accounts import audit
from core.errors import UserError
from registry import models
from registry.services import catalog, downloads, lifecycle
from registry.services.refusals import VersionRemovedError, VersionTakenError
from registry.version_states import PUBLISHED, TOMBSTONE
from terrasmith.main import app
from tests.audited import audited
from tfmodule.address import Address
from tfmodule.version import Version

ADDRESS = Address("acme", "bucket", "aws")


def _remove(registry, version: str, reason: str = "it holds a password") -> lifecycle.VersionStanding:
    with registry.database.unit_of_work() as session:
        return lifecycle.remove(session, ADDRESS, Version.parse(version), reason, audit.OPERATOR)


@pytest.mark.checklist("P-02")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "ver_other"),
        ("version", "9.9.9"),
        ("version_key", "9.9.9"),
        ("commit_sha", "d" * 40),
        ("tag", "v9.9.9"),
        ("sha256", "0" * 64),
        ("h1", "h1:other"),
        ("size", 1),
        ("published_at", "2020-01-01 00:00:00"),
        ("provenance", '{"schema": "forged"}'),
        ("module_id", "mod_other"),
    ],
)
def test_P02_the_database_itself_refuses_to_change_a_version(registry, column: str, value: object) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    with pytest.raises(IntegrityError, match="never changes"), registry.database.unit_of_work() as session:
        session.execute(text(f"UPDATE versions SET {column} = :value"), {"value": value})


@pytest.mark.checklist("P-02")
def test_P02_the_database_itself_refuses_to_delete_a_version(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    with pytest.raises(IntegrityError, match="never deleted"), registry.database.unit_of_work() as session:
        session.execute(delete(models.Version))
    if registry.database.engine.dialect.name == "postgresql":
        with pytest.raises(IntegrityError, match="never deleted"), registry.database.unit_of_work() as session:
            session.execute(text("TRUNCATE versions CASCADE"))
    with registry.database.read() as session:
        assert catalog.version_by_id(session, published.id) is not None


@pytest.mark.checklist("P-02")
def test_P02_what_is_no_part_of_the_version_may_still_be_written(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    with registry.database.unit_of_work() as session:
        session.execute(update(models.Version).values(damage=None, sha256=published.sha256, readme="# New"))


@pytest.mark.checklist("P-02")
def test_P02_a_removed_version_is_gone_and_its_number_stays_taken(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/bucket/aws", "1.1.0")
    client = TestClient(registry.app)
    location = client.get("/v1/modules/acme/bucket/aws/1.0.0/download").json()["location"]
    assert client.get(location).status_code == 200
    assert _remove(registry, "1.0.0").state == TOMBSTONE
    listed = client.get("/v1/modules/acme/bucket/aws/versions").json()["modules"][0]["versions"]
    assert [one["version"] for one in listed] == ["1.1.0"]
    for what in ("download", "provenance"):
        answer = client.get(f"/v1/modules/acme/bucket/aws/1.0.0/{what}")
        assert answer.status_code == 410
        assert "removed" in answer.json()["errors"][0] and "it holds a password" in answer.json()["errors"][0]
    assert client.get(location).status_code == 404
    # Not the same bytes, not other bytes, not another spelling; and the next version is chosen above it.
    for version, content in (("1.0.0", ""), ("1.0.0", "other"), ("1.0.0+again", "")):
        with pytest.raises(VersionRemovedError, match="never used again") as caught:
            registry.publish("acme/bucket/aws", version, content)
        assert isinstance(caught.value, VersionTakenError)
    with registry.database.read() as session:
        assert [str(one) for one in catalog.published_versions(session, ADDRESS)] == ["1.1.0", "1.0.0"]
        entries = audited(session, f"version:{published.id}")
    assert [(one.action, one.actor) for one in entries] == [
        ("version.publish", "system"),
        ("version.remove", "operator"),
    ]
    assert entries[1].detail["reason"] == "it holds a password"


@pytest.mark.checklist("P-02")
def test_P02_a_tombstone_is_final_and_told_once(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    _remove(registry, "1.0.0")
    assert _remove(registry, "1.0.0", "another reason").reason == "it holds a password"
    with pytest.raises(IntegrityError, match="never changes"), registry.database.unit_of_work() as session:
        session.execute(text("UPDATE versions SET state = 'published'"))
    with registry.database.read() as session:
        assert len(audited(session, f"version:{published.id}")) == 2


def test_bytes_that_another_version_has_too_are_still_served(registry) -> None:
    registry.namespace("acme")
    first = registry.publish("acme/bucket/aws", "1.0.0")
    request = registry.request("acme/other/aws", "1.0.0")
    assert request.sha256 == first.sha256
    registry.publish("acme/other/aws", "1.0.0", repository_id=8)
    _remove(registry, "1.0.0")
    with registry.database.read() as session:
        assert downloads.public_archive(session, first.sha256).size == first.size


def test_what_cannot_be_removed_is_said(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0+a")
    for version, reason in (
        ("1.0.0", "spelt otherwise"),
        ("2.0.0", "not there"),
        ("1.0.0+a", "  "),
        ("1.0.0+a", "x" * 1001),
    ):
        with pytest.raises(UserError):
            _remove(registry, version, reason)
    with registry.database.unit_of_work() as session, pytest.raises(UserError, match="no module"):
        lifecycle.remove(session, Address("acme", "none", "aws"), Version(1, 0, 0), "why", "operator")


def test_the_commands_list_and_remove(registry, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", registry.database.url)
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    runner = CliRunner()
    listed = runner.invoke(app, ["version", "list", "acme/bucket/aws"])
    assert listed.exit_code == 0, listed.output
    assert published.sha256 in listed.stdout and "published  ok" in listed.stdout
    asked = ["version", "remove", "acme/bucket/aws", "1.0.0", "--reason", "it holds a password"]
    assert runner.invoke(app, asked, input="n\n").exit_code == 1
    with registry.database.read() as session:
        assert session.scalar(select(models.Version.state)) == PUBLISHED
    removed = runner.invoke(app, [*asked, "--yes"])
    assert removed.exit_code == 0 and "taken for good" in removed.stdout
    assert "tombstone" in runner.invoke(app, ["version", "list"]).stdout
    assert runner.invoke(app, ["version", "list", "--broken"]).exit_code == 0
    for wrong in (["nonsense", "1.0.0"], ["acme/bucket/aws", "one"], ["acme/none/aws", "1.0.0"]):
        refused = runner.invoke(app, ["version", "remove", *wrong, "--reason", "x", "--yes"])
        assert isinstance(refused.exception, UserError), refused.output
