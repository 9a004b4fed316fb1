"""Namespaces on both databases: born once, renamed, suspended, and never handed to another account."""

import pytest
from sqlalchemy import select, text

from accounts import audit, models, namespaces
from accounts.namespaces import (
    NamespaceLooksTakenError,
    NamespaceNameError,
    NamespaceReservedError,
    NamespaceTakenError,
    UnknownNamespaceError,
)
from core.db import Database
from tests.audited import audited


def _bind(database: Database, account_id: int, login: str) -> namespaces.Namespace:
    with database.unit_of_work() as session:
        return namespaces.bind(session, account_id, login, "Organization")


def test_binding_twice_gives_one_private_namespace(database: Database) -> None:
    assert _bind(database, 1, "acme") == _bind(database, 1, "acme")
    with database.read() as session:
        (only,) = namespaces.list_all(session)
        assert (only.name, only.account_id, only.visibility, only.state) == ("acme", 1, "private", "active")
        assert [entry.action for entry in audited(session, f"namespace:{only.id}")] == ["namespace.bind"]


@pytest.mark.parametrize("name", ["acme", "ACME", "Acme"])
@pytest.mark.checklist("T-11")
def test_T11_a_recreated_organisation_of_the_same_name_gets_nothing(database: Database, name: str) -> None:
    _bind(database, 1, "acme")
    with pytest.raises(NamespaceTakenError) as caught:
        _bind(database, 2, name)
    assert (caught.value.name, caught.value.account_id, caught.value.owner) == (name, 2, "acme")


@pytest.mark.checklist("T-11")
def test_T11_names_that_look_alike_collide(database: Database) -> None:
    _bind(database, 1, "My-Org")
    with pytest.raises(NamespaceTakenError):
        _bind(database, 2, "my_org")
    with database.read() as session:
        assert namespaces.find(session, "my_org") is None
        assert namespaces.find(session, "MY-ORG") is not None


@pytest.mark.checklist("T-11")
def test_T11_a_rename_keeps_the_old_name_bound_and_readable(database: Database) -> None:
    born = _bind(database, 1, "acme")
    renamed = _bind(database, 1, "acme-cloud")
    assert (renamed.id, renamed.name) == (born.id, "acme-cloud")
    for taken in ("acme", "acme-cloud"):
        with pytest.raises(NamespaceTakenError):
            _bind(database, 2, taken)
    with database.read() as session:
        assert namespaces.find(session, "acme") == renamed
    assert _bind(database, 1, "acme").id == born.id


@pytest.mark.checklist("T-11")
def test_T11_a_name_that_can_be_read_for_another_accounts_is_refused_and_says_which(database: Database) -> None:
    _bind(database, 1, "My-Org")
    _bind(database, 1, "renamed")
    for name in ("rny-org", "myorg", "MY-0RG", "rename_d", "renarned"):
        with pytest.raises(NamespaceLooksTakenError) as caught:
            _bind(database, 2, name)
        assert f"`{caught.value.other}`" in caught.value.message
        assert f"terrasmith namespace allow {name} --account 2" in caught.value.message
    # Its own names may look alike, and what is bound already stays bound.
    assert _bind(database, 1, "rny-org").name == "rny-org"
    with database.unit_of_work() as session:
        assert namespaces.bind(session, 2, "myorg", "Organization", allowed=True).name == "myorg"
    assert _bind(database, 2, "myorg").account_id == 2


@pytest.mark.checklist("T-11")
def test_T11_a_reserved_name_is_an_operators_to_give(database: Database) -> None:
    for name, reserved in (("admin", "admin"), ("hashicorp", "hashicorp"), ("hash1-corp", "hashicorp")):
        with pytest.raises(NamespaceReservedError, match="terrasmith namespace allow") as caught:
            _bind(database, 2, name)
        assert caught.value.reserved == reserved
    with database.unit_of_work() as session:
        assert "reserved" in (namespaces.why_refused(session, 2, "aws") or "")
        namespaces.bind(session, 2, "aws", "Organization", actor=audit.OPERATOR, allowed=True)
        assert namespaces.why_refused(session, 2, "aws") is None
    assert _bind(database, 2, "aws").account_id == 2
    with database.unit_of_work() as session, pytest.raises(NamespaceTakenError):
        namespaces.bind(session, 3, "aws", "Organization", allowed=True)


@pytest.mark.checklist("T-11")
def test_T11_former_names_are_kept_by_namespace(database: Database) -> None:
    born = _bind(database, 1, "Acme")
    _bind(database, 2, "other")
    for name in ("acme-cloud", "acme-sky"):
        _bind(database, 1, name)
    with database.read() as session:
        assert namespaces.former_names(session) == {born.id: ("acme", "acme-cloud")}


@pytest.mark.checklist("R8")
def test_R8_a_login_terraform_would_refuse_is_no_namespace(database: Database) -> None:
    for login in ("acme-", "-acme", "ac me", "a" * 65, ""):
        with pytest.raises(NamespaceNameError):
            _bind(database, 1, login)


def test_a_suspended_namespace_is_readable_but_takes_no_version(database: Database) -> None:
    _bind(database, 1, "acme")
    with database.unit_of_work() as session:
        namespaces.suspend(session, 1)
        namespaces.suspend(session, 99)  # an account we never met
        found = namespaces.get(session, "acme")
        assert found.state == "suspended" and not found.accepts_versions
    assert _bind(database, 1, "acme").state == "suspended"
    with database.unit_of_work() as session:
        namespaces.reactivate(session, 1)
        assert namespaces.get(session, "acme").accepts_versions
        namespaces.remove(session, 1)
    assert _bind(database, 1, "acme").state == "active"


def test_visibility_is_changed_by_name_and_audited(database: Database) -> None:
    born = _bind(database, 1, "acme")
    with database.unit_of_work() as session:
        assert namespaces.set_visibility(session, "ACME", "public").is_public
        namespaces.set_visibility(session, "acme", "public")
    with database.read() as session:
        entries = audited(session, f"namespace:{born.id}")
        assert [entry.action for entry in entries] == ["namespace.bind", "namespace.visibility"]
        assert entries[1].detail == {"from": "private", "to": "public"} and entries[1].actor == "operator"


def test_an_unknown_namespace_names_the_known_ones(database: Database) -> None:
    with database.read() as session, pytest.raises(UnknownNamespaceError, match="install the GitHub App"):
        namespaces.get(session, "acme")
    _bind(database, 1, "acme")
    with database.read() as session, pytest.raises(UnknownNamespaceError, match="`acme`"):
        namespaces.get(session, "acmee")


@pytest.mark.checklist("R13")
def test_R13_what_an_older_release_writes_offers_no_credentials(database: Database) -> None:
    """Expand, then use: a release that does not know the column yet goes on inserting."""
    columns = "id, name, name_key, github_account_id, account_type, visibility, state, created_at"
    row = "'ns_1', 'old', 'old', 7, 'Organization', 'private', 'active', CURRENT_TIMESTAMP"
    with database.unit_of_work() as session:
        session.execute(text(f"INSERT INTO namespaces ({columns}) VALUES ({row})"))
    with database.read() as session:
        found = session.scalar(select(models.Namespace).where(models.Namespace.id == "ns_1"))
        assert found is not None and found.registry_credentials is False
