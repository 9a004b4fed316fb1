"""Nothing reachable is ever collected: publishers and collectors that stop, sleep and die anywhere, in any order.

Real rows in SQLite, real files. Only the clock is the test's own: days pass between two steps of anybody.
"""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from accounts import namespaces
from core import clock
from core.db import Database
from core.errors import UserError
from registry import models
from registry.services import archive_claims, collecting, lifecycle, publishing
from registry.services.archive_claims import BeingCollectedError
from registry.services.lifecycle import OPERATOR, Words
from registry.services.publishing import PreparedArchive, PublishVersion
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key, archives
from registry.version_states import TOMBSTONE
from tfmodule.address import Address
from tfmodule.archive import sha256
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import Version

ADDRESS = Address("acme", "bucket", "aws")
CONTENTS = [PreparedArchive(data, sha256(data), "h1:x") for data in (b"one", b"two")]
SECONDS_TO_ACT = timedelta(seconds=collecting.PROMPT_SECONDS)


@dataclass
class Publisher:
    """One attempt; `claim` once it has one, `stored` once its bytes lie there."""

    content: PreparedArchive
    version: Version
    claim: str | None = None
    stored: bool = False


@dataclass
class Collector:
    """One archive that was condemned; `taken` once its bytes are gone."""

    digest: str
    mark: str
    since: datetime
    taken: bool = False


class Reachable(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="terrasmith-reachable-"))
        shutil.copyfile(self.template, self.folder / "t.db")
        self.database = Database(f"sqlite:///{self.folder / 't.db'}")
        self.storage = LocalStorage(self.folder / "storage")
        self.slept = timedelta()
        self.publishers: list[Publisher] = []
        self.collectors: list[Collector] = []

    @initialize()
    def born(self) -> None:
        with self.database.unit_of_work() as session:
            namespaces.bind(session, 100, "acme", "Organization", "public")

    @property
    def now(self) -> datetime:
        return clock.now() + self.slept

    @rule(content=st.sampled_from(CONTENTS), minor=st.integers(0, 3))
    def somebody_publishes(self, content: PreparedArchive, minor: int) -> None:
        self.publishers.append(Publisher(content, Version(1, minor, 0)))

    @precondition(lambda self: self.publishers)
    @rule(data=st.data())
    def a_publisher_goes_on(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.publishers), "publisher")
        try:
            if mine.claim is None:
                with self.database.unit_of_work() as session:
                    mine.claim = archive_claims.claim(session, mine.content.sha256, self.now)
            elif not mine.stored:
                publishing.store(self.storage, mine.content)
                mine.stored = True
            else:
                self._publish(mine)
                self.publishers.remove(mine)
        except BeingCollectedError:
            mine.claim, mine.stored = None, False  # the job is tried again, from its beginning
        except UserError:
            self.publishers.remove(mine)

    @rule(content=st.sampled_from(CONTENTS), minor=st.integers(0, 3), steps=st.integers(1, 2))
    def somebody_publishes_and_sleeps(self, content: PreparedArchive, minor: int, steps: int) -> None:
        """In the middle: claimed, or stored too."""
        with suppress(BeingCollectedError):
            with self.database.unit_of_work() as session:
                claim = archive_claims.claim(session, content.sha256, self.now)
            if steps == 2:
                publishing.store(self.storage, content)
            self.publishers.append(Publisher(content, Version(1, minor, 0), claim, steps == 2))

    @precondition(lambda self: self.publishers)
    @rule(data=st.data())
    def a_publisher_dies(self, data: st.DataObject) -> None:
        self.publishers.remove(data.draw(st.sampled_from(self.publishers), "publisher"))

    @rule(minor=st.integers(0, 3), action=st.sampled_from(["remove", "remove", "quarantine", "restore", "revoke"]))
    def an_operator_moves_a_version(self, minor: int, action: lifecycle.Action) -> None:
        with suppress(UserError), self.database.unit_of_work() as session:
            lifecycle.change(session, action, ADDRESS, Version(1, minor, 0), Words("why not"), OPERATOR)

    @rule()
    def a_collector_begins(self) -> None:
        with self.database.read() as session:
            found = archive_claims.unneeded(session, self.now, collecting.GRACE, "", 10)
        for digest in found:
            with self.database.unit_of_work() as session:
                mark = archive_claims.condemn(session, digest, self.now, collecting.GRACE)
            if mark is not None:
                self.collectors.append(Collector(digest, mark, self.now))

    @precondition(lambda self: self.collectors)
    @rule(data=st.data())
    def a_collector_goes_on(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.collectors), "collector")
        if not mine.taken and self.now - mine.since <= SECONDS_TO_ACT:
            self.storage.remove(archive_key(mine.digest))
            mine.taken = True
            return
        if mine.taken:
            with self.database.unit_of_work() as session:
                archive_claims.forget(session, mine.digest, mine.mark)
        self.collectors.remove(mine)

    @precondition(lambda self: self.collectors)
    @rule(data=st.data())
    def a_collector_dies(self, data: st.DataObject) -> None:
        self.collectors.remove(data.draw(st.sampled_from(self.collectors), "collector"))

    @rule()
    def a_week_later_a_collector_works_to_the_end(self) -> None:
        self.slept += timedelta(days=8)
        asleep, self.collectors = self.collectors, []
        self.a_collector_begins()
        for mine in self.collectors:
            self.storage.remove(archive_key(mine.digest))
            with self.database.unit_of_work() as session:
                archive_claims.forget(session, mine.digest, mine.mark)
        self.collectors = asleep

    @rule(minutes=st.sampled_from([5, 11, 31, 60 * 24 * 8]))
    def time_passes(self, minutes: int) -> None:
        self.slept += timedelta(minutes=minutes)

    @invariant()
    def what_is_published_has_its_bytes(self) -> None:
        for digest in self._living():
            with self.storage.open(archive_key(digest)) as stream:
                assert sha256(stream.read()) == digest

    def teardown(self) -> None:
        """Once everybody is gone, what nobody needs goes, and nothing else does."""
        for digest in collecting.strangers(self.database.read, self.storage):
            collecting.note(self.database.unit_of_work, digest)
        self.slept += timedelta(days=30)
        self.collectors.clear()
        self.a_collector_begins()
        while self.collectors:
            mine = self.collectors[0]
            self.storage.remove(archive_key(mine.digest))
            with self.database.unit_of_work() as session:
                archive_claims.forget(session, mine.digest, mine.mark)
            self.collectors.remove(mine)
        kept = set(archives(self.storage))
        living = self._living()
        self.database.dispose()
        shutil.rmtree(self.folder)
        assert kept == living

    def _living(self) -> set[str]:
        with self.database.read() as session:
            return set(session.scalars(select(models.Version.sha256).where(models.Version.state != TOMBSTONE)))

    def _publish(self, mine: Publisher) -> None:
        with self.database.unit_of_work() as session:
            publishing.publish(
                session,
                PublishVersion(
                    address=ADDRESS,
                    version=mine.version,
                    account_id=100,
                    sha256=mine.content.sha256,
                    h1=mine.content.h1,
                    size=mine.content.size,
                    contents=Contents(Part("", "# Bucket", Interface())),
                    report={},
                    claim=mine.claim,
                ),
            )


def _run(template: Path, examples: int, steps: int) -> None:
    machine = type("Machine", (Reachable,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.checklist("F-12")
def test_F12_nothing_reachable_is_collected_and_nothing_else_is_left(sqlite_template: Path) -> None:
    _run(sqlite_template, examples=12, steps=30)


@pytest.mark.prove
@pytest.mark.checklist("F-12")
def test_F12_nothing_reachable_is_collected_in_many_histories(sqlite_template: Path) -> None:
    _run(sqlite_template, examples=300, steps=60)
