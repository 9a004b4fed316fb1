"""What the watcher sees on both databases: every change, by whomever, in whichever order it becomes visible."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from accounts import namespaces, tokens
from core import changes, clock
from core.changes import Watcher
from core.db import Database


class Caches:
    """Writes down what a cache is told, and gives the watcher its clock."""

    def __init__(self, database: Database) -> None:
        self.told: list = []
        self.seconds = 0.0
        self.watcher = Watcher(database, self.told.append, lambda: self.seconds)
        assert self.watcher.look() and self.heard() == [None]  # at the start anything may have changed

    def heard(self) -> list:
        told, self.told[:] = self.told.copy(), []
        return told

    def look(self, seconds: float = 0.3) -> list:
        self.seconds += seconds
        assert self.watcher.look()
        return self.heard()


def _note(session, subject: str) -> None:
    session.execute(text("INSERT INTO changes (topic, subject) VALUES ('module', :subject)"), {"subject": subject})


def test_every_change_is_told_once(database) -> None:
    caches = Caches(database)
    with database.unit_of_work() as session:
        _note(session, "1")
        _note(session, "2")
        _note(session, "1")
    assert caches.look() == [{"module:1", "module:2"}]
    assert caches.look() == []
    with database.unit_of_work() as session:
        _note(session, "1")
    assert caches.look() == [{"module:1"}]


def test_who_is_fresh(database) -> None:
    caches = Caches(database)
    assert caches.watcher.is_fresh()
    caches.seconds += 0.99
    assert caches.watcher.is_fresh()
    caches.seconds += 0.01
    assert not caches.watcher.is_fresh()
    caches.look()
    assert caches.watcher.is_fresh()


def test_what_becomes_visible_late_is_told_and_nothing_twice(postgres_url: str) -> None:
    """A transaction that began first, and has the lower number, commits after one that was seen already."""
    database = Database(postgres_url)
    caches = Caches(database)
    with database.unit_of_work() as early:
        _note(early, "early")
        with database.unit_of_work() as late:
            _note(late, "late")
        assert caches.look() == [{"module:late"}]
        assert caches.look() == []
        with database.unit_of_work() as later:
            _note(later, "later")
        assert caches.look() == [{"module:later"}]
        with early.begin_nested():
            _note(early, "nested")
    assert caches.look() == [{"module:early", "module:nested"}]
    assert caches.look() == []
    database.dispose()


def test_what_was_rolled_back_is_not_told(database) -> None:
    caches = Caches(database)
    with pytest.raises(ZeroDivisionError), database.unit_of_work() as session:
        _note(session, "never")
        raise ZeroDivisionError
    assert caches.look() == []


def test_a_gap_a_flood_and_an_older_copy_are_any_change(database) -> None:
    caches = Caches(database)
    assert caches.look(seconds=61) == [None]
    with database.unit_of_work() as session:
        rows = [{"subject": str(number)} for number in range(5_001)]
        session.execute(text("INSERT INTO changes (topic, subject) VALUES ('module', :subject)"), rows)
    assert caches.look() == [None]
    if database.url.startswith("sqlite"):
        assert caches.look() == []
        with database.unit_of_work() as session:
            session.execute(text("UPDATE sqlite_sequence SET seq = 7 WHERE name = 'changes'"))
        assert caches.look() == [None]


def test_pruning_takes_what_is_old_and_confuses_nobody(database) -> None:
    caches = Caches(database)
    for subject in ("1", "2"):
        with database.unit_of_work() as session:
            _note(session, subject)
        assert caches.look() == [{f"module:{subject}"}]
        with database.unit_of_work() as session:
            changes.prune(session, clock.now() - timedelta(hours=1))
            assert session.scalar(text("SELECT count(*) FROM changes")) > 0
            changes.prune(session, clock.now() + timedelta(hours=1))
            assert session.scalar(text("SELECT count(*) FROM changes")) == 0
    assert caches.look() == []


def test_namespaces_and_tokens_tell_by_themselves(database) -> None:
    with database.unit_of_work() as session:
        home = namespaces.bind(session, 1, "acme", "Organization")
        token, _ = tokens.create(session, "ci", "acme", "read", timedelta(days=1))
    caches = Caches(database)
    mine, its = f"namespace:{home.id}", f"token:{token.id}"
    steps = [
        (lambda session: namespaces.set_visibility(session, "acme", "public"), {mine}),
        (lambda session: namespaces.set_registry_credentials(session, "acme", True), {mine}),
        (lambda session: namespaces.bind(session, 1, "acme-2", "Organization"), {mine}),
        (lambda session: namespaces.suspend(session, 1), {mine}),
        (lambda session: tokens.note_use(session, token.id), None),
        (lambda session: session.execute(text("UPDATE tokens SET expires_at = created_at")), {its}),
        (lambda session: tokens.revoke(session, token.id), {its}),
        (lambda session: session.execute(text("DELETE FROM tokens")), {its}),
    ]
    for step, told in steps:
        with database.unit_of_work() as session:
            step(session)
        assert caches.look() == ([told] if told else [])
