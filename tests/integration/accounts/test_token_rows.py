"""Tokens on both databases: shown once, hashed at rest, recognised, ended."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from accounts import models, namespaces, tokens
from accounts.namespaces import UnknownNamespaceError
from accounts.tokens import TokenLifetimeError, UnknownTokenError
from core import clock
from core.db import Database
from tests.audited import audited

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _namespace(database: Database) -> None:
    with database.unit_of_work() as session:
        namespaces.bind(session, 1, "acme", "Organization")


def _create(database: Database, allow: tokens.Allow = "read") -> tuple[tokens.Token, str]:
    with database.unit_of_work() as session:
        return tokens.create(session, "ci", "ACME", allow, 90 * DAY)


@pytest.mark.checklist("T-07")
def test_T07_a_token_opens_its_own_namespace_only(database: Database) -> None:
    token, secret = _create(database)
    with database.read() as session:
        principal = tokens.authenticate(session, secret)
        home = namespaces.get(session, "acme")
    assert principal is not None
    assert (principal.token_id, principal.namespace, principal.actor) == (token.id, "acme", f"token:{token.id}")
    assert principal.may_read(home.id) and not principal.may_read("ns_other") and not principal.may_publish(home.id)


@pytest.mark.checklist("T-07")
def test_T07_no_usable_token_stands_in_the_database(database: Database) -> None:
    _, secret = _create(database, "publish")
    with database.read() as session:
        tables = ("tokens", "audit", "outbox")
        dump = " ".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))
    assert secret not in dump and secret[4:34] not in dump


@pytest.mark.checklist("T-07")
def test_T07_expired_and_revoked_tokens_are_nobody(database: Database) -> None:
    token, secret = _create(database)
    with database.unit_of_work() as session:
        session.execute(update(models.Token).values(expires_at=clock.now() - timedelta(seconds=1)))
        assert tokens.authenticate(session, secret) is None and tokens.live_until(session, token.id) is None
    token, secret = _create(database)
    with database.unit_of_work() as session:
        assert tokens.revoke(session, token.id).revoked_at is not None
        assert tokens.revoke(session, token.id).revoked_at is not None
    with database.read() as session:
        assert tokens.authenticate(session, secret) is None and tokens.live_until(session, token.id) is None
        actions = [entry.action for entry in audited(session, f"token:{token.id}")]
    assert actions == ["token.create", "token.revoke"]


def test_use_is_noted_once_an_hour_and_never_by_reading(database: Database) -> None:
    token, secret = _create(database)
    with database.unit_of_work() as session:
        principal = tokens.authenticate(session, secret)
        assert principal is not None and principal.last_used_at is None and principal.use_is_stale(clock.now())
        tokens.note_use(session, token.id)
    with database.unit_of_work() as session:
        first = tokens.authenticate(session, secret)
        tokens.note_use(session, token.id)
        second = tokens.authenticate(session, secret)
        assert first is not None and second is not None and first.last_used_at == second.last_used_at
        assert not first.use_is_stale(clock.now()) and first.use_is_stale(clock.now() + timedelta(minutes=61))
        old = clock.now() - timedelta(hours=2)
        session.execute(update(models.Token).values(last_used_at=old))
        tokens.note_use(session, token.id)
    with database.read() as session:
        assert session.scalars(select(models.Token.last_used_at)).one() != old


def test_helpful_errors(database: Database) -> None:
    with database.unit_of_work() as session:
        with pytest.raises(UnknownNamespaceError, match="Known: `acme`"):
            tokens.create(session, "ci", "nobody", "read", DAY)
        for lifetime in (timedelta(0), -DAY, 400 * DAY):
            with pytest.raises(TokenLifetimeError):
                tokens.create(session, "ci", "acme", "read", lifetime)
        with pytest.raises(UnknownTokenError, match="token list"):
            tokens.revoke(session, "tok_none")
        assert tokens.list_all(session) == ()
