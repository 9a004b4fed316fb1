"""`terrasmith token` and `terrasmith namespace` against a real database file."""

from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from accounts import namespaces, tokens
from accounts.namespaces import NamespaceTakenError, UnknownNamespaceError
from accounts.tokens import TokenLifetimeError, UnknownTokenError
from bot import installations
from core.db import Database
from core.errors import SettingsError, UserError
from terrasmith import namespace, token

runner = CliRunner()


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    opened = Database(sqlite_url)
    with opened.unit_of_work() as session:
        namespaces.bind(session, 1, "acme", "Organization")
    yield opened
    opened.dispose()


@pytest.mark.checklist("T-07")
def test_T07_a_token_is_shown_once_and_alone(database) -> None:
    done = runner.invoke(token.app, ["create", "ci", "--namespace", "acme", "--allow", "publish", "--expires", "90d"])
    assert done.exit_code == 0, done.output
    secret = done.stdout.strip()
    assert tokens.is_well_formed(secret) and "nobody can show it again" in done.stderr
    with database.read() as session:
        principal = tokens.authenticate(session, secret)
    assert principal is not None and principal.allow == "publish"
    listed = runner.invoke(token.app, ["list"])
    assert principal.token_id in listed.stdout and secret not in listed.stdout
    ended = runner.invoke(token.app, ["revoke", principal.token_id])
    assert ended.exit_code == 0 and "is revoked" in ended.stdout
    with database.read() as session:
        assert tokens.authenticate(session, secret) is None


def test_helpful_errors(database) -> None:
    unknown = runner.invoke(token.app, ["create", "ci", "--namespace", "acmee"])
    assert isinstance(unknown.exception, UnknownNamespaceError) and "Known: `acme`" in str(unknown.exception)
    assert isinstance(runner.invoke(token.app, ["revoke", "tok_no"]).exception, UnknownTokenError)
    forever = runner.invoke(token.app, ["create", "ci", "--namespace", "acme", "--expires", "99w"])
    assert isinstance(forever.exception, TokenLifetimeError) and "366 days" in str(forever.exception)
    nonsense = runner.invoke(token.app, ["create", "ci", "--namespace", "acme", "--expires", "soon"])
    assert nonsense.exit_code == 2 and "90d" in nonsense.stderr


def test_a_missing_setting_and_an_old_schema_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    missing = runner.invoke(token.app, ["list"]).exception
    assert isinstance(missing, SettingsError) and missing.message.startswith("DATABASE_URL is not set")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    old = runner.invoke(token.app, ["list"]).exception
    assert isinstance(old, UserError) and "terrasmith migrate" in old.message


def test_a_namespace_is_opened_and_closed(database) -> None:
    assert "private" in runner.invoke(namespace.app, ["list"]).stdout
    for wanted in ("public", "private"):
        done = runner.invoke(namespace.app, ["visibility", "ACME", wanted])
        assert done.exit_code == 0 and done.stdout == f"acme is {wanted}.\n"
        with database.read() as session:
            assert namespaces.get(session, "acme").visibility == wanted
    wrong = runner.invoke(namespace.app, ["visibility", "acmee", "public"])
    assert isinstance(wrong.exception, UnknownNamespaceError)


@pytest.mark.checklist("R13")
def test_R13_registry_credentials_are_offered_with_a_warning(database) -> None:
    for wanted in ("on", "off"):
        done = runner.invoke(namespace.app, ["credentials", "ACME", wanted])
        assert done.exit_code == 0 and done.stdout == f"acme: registry credentials are {wanted}.\n"
        assert ("does not verify its checksum" in done.stderr) is (wanted == "on")
        with database.read() as session:
            assert namespaces.get(session, "acme").registry_credentials is (wanted == "on")
        assert wanted in runner.invoke(namespace.app, ["list"]).stdout.splitlines()[1]
    assert runner.invoke(namespace.app, ["credentials", "acme", "maybe"]).exit_code == 2
    wrong = runner.invoke(namespace.app, ["credentials", "acmee", "on"])
    assert isinstance(wrong.exception, UnknownNamespaceError)


@pytest.mark.parametrize(
    ("text", "expected"), [("12h", timedelta(hours=12)), ("90d", timedelta(days=90)), ("8w", timedelta(weeks=8))]
)
def test_lifetimes(text: str, expected: timedelta) -> None:
    assert token.parse_lifetime(text) == expected


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "1y", "d", "999999d", "1.5d"])
def test_what_is_no_lifetime(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        token.parse_lifetime(text)


@pytest.mark.checklist("T-11")
def test_T11_an_operator_sees_who_was_refused_and_gives_the_name(database) -> None:
    with database.unit_of_work() as session:
        for number, login in ((7, "aws"), (8, "acme")):
            installations.record(
                session, installation_id=number, account_id=number, account_login=login, account_type="User"
            )
        namespaces.bind(session, 1, "acme-cloud", "Organization")
    listed = runner.invoke(namespace.app, ["list"]).stdout
    assert "acme-cloud" in listed and "FORMERLY" in listed
    assert "aws (7) has no namespace of that name" in listed and "reserved" in listed
    assert "acme (8) has no namespace of that name" in listed and "never changes hands" in listed

    done = runner.invoke(namespace.app, ["allow", "AWS"])
    assert done.exit_code == 0 and done.stdout == "aws belongs to the GitHub account 7.\n"
    with database.read() as session:
        found = namespaces.get(session, "aws")
        assert (found.account_id, found.account_type) == (7, "User")
    assert isinstance(runner.invoke(namespace.app, ["allow", "acme"]).exception, NamespaceTakenError)
    unknown = runner.invoke(namespace.app, ["allow", "azure"]).exception
    assert isinstance(unknown, UserError) and "--account NUMBER" in unknown.message
    assert runner.invoke(namespace.app, ["allow", "azure", "--account", "9"]).exit_code == 0
