"""The jobs that clear away, at work: garbage goes by policy and grace, served rows go by age, the rest stays."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from accounts import namespaces
from bot import drafts, requests
from bot.drafts import DraftView
from bot.models import Delivery, Request
from bot.requests import NewRequest
from core import clock, jobs
from core.db import Database
from core.models import Job, OutboxRow
from gate.report import Report
from registry.models import Archive, DownloadCount
from registry.services import download_counts, lifecycle, publishing, retention
from registry.services.lifecycle import OPERATOR, Words
from registry.services.publishing import PublishVersion
from registry.services.retention import Policy
from registry.storage.local import LocalStorage
from registry.storage.port import archives
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import Version
from workers import execution

ADDRESS = Address("acme", "bucket", "aws")
PASSED = Report("house", "terraform 1.11.4", "builtin", "L1", "passed", (), ())


class Bench:
    """A worker's environment with real rows and a real storage."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database, self.storage = database, storage
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0), database=database, storage=storage, redact=lambda text: text
        )

    def run(self, name: str) -> None:
        with self.database.unit_of_work() as session:
            key = f"{name}:{len(jobs.views(session, limit=1000))}"
            jobs.create(session, key=key, name=name, queue="quick", subject=key, args={})
            view = jobs.views(session, subject=key)[0]
        assert execution.run(self.environment, view.id) == "done"

    def publish(self, version: str) -> str:
        prepared = publishing.prepare([Entry("main.tf", f"# {version}\n".encode())])
        publishing.store(self.storage, prepared)
        request = PublishVersion(
            address=ADDRESS, version=Version.parse(version), account_id=100, sha256=prepared.sha256, h1=prepared.h1,
            size=prepared.size, contents=Contents(Part("", "", Interface())), report={},
        )  # fmt: skip
        with self.database.unit_of_work() as session:
            return publishing.publish(session, request).sha256

    def states(self) -> dict[str, str]:
        with self.database.read() as session:
            return {one.version: one.state for one in lifecycle.standings(session, ADDRESS)}


@pytest.fixture
def bench(database: Database, tmp_path) -> Bench:
    with database.unit_of_work() as session:
        namespaces.bind(session, 100, "acme", "Organization", "public")
    return Bench(database, LocalStorage(tmp_path / "storage"))


def test_the_daily_job_removes_nothing_without_a_policy_and_collects_after_the_grace_period(bench: Bench) -> None:
    first, second = bench.publish("1.0.0"), bench.publish("1.1.0")
    with bench.database.unit_of_work() as session:
        lifecycle.change(session, "remove", ADDRESS, Version(1, 0, 0), Words("a password"), OPERATOR)
    bench.run("collect_garbage")
    assert sorted(archives(bench.storage)) == sorted([first, second])
    long_ago = clock.now() - timedelta(days=30)
    with bench.database.unit_of_work() as session:
        session.execute(update(Archive).values(claimed_at=long_ago))
        session.execute(update(lifecycle.models.Version).values(state_changed_at=long_ago))
    bench.run("collect_garbage")
    assert list(archives(bench.storage)) == [second]
    assert bench.states() == {"1.0.0": "tombstone", "1.1.0": "published"}


def test_the_daily_job_applies_policies(bench: Bench) -> None:
    for version in ("1.0.0-rc.1", "1.0.0-rc.2", "1.0.0"):
        bench.publish(version)
    with bench.database.unit_of_work() as session:
        retention.set_policy(session, "acme", Policy(prerelease_days=1))
    bench.run("collect_garbage")
    assert set(bench.states().values()) == {"published"}


def test_rows_that_have_served_go_by_age(bench: Bench) -> None:
    run_ids = {}
    for number, state in enumerate(("published", "merged", "abandoned")):
        run_ids[state] = _drafted(bench, number, state)
    with bench.database.unit_of_work() as session:
        for key, finished in (("old", timedelta(days=91)), ("new", timedelta(days=89))):
            jobs.create(session, key=key, name="probe", queue="quick", subject=key, args={})
            session.execute(update(Job).where(Job.key == key).values(state="dead", finished_at=clock.now() - finished))
    bench.run("prune_rows")
    with bench.database.read() as session:
        kept = {state for state, run_id in run_ids.items() if drafts.load(session, run_id) is not None}
        dead = session.scalars(select(Job.key).where(Job.state == "dead")).all()
    assert kept == {"merged"} and dead == ["new"]


def test_deliveries_events_jobs_and_days_of_downloads_go_by_age_and_what_is_unfinished_stays(bench: Bench) -> None:
    day, now = timedelta(days=1), clock.now()
    with bench.database.unit_of_work() as session:
        for days in (29, 31):
            said = f"{days} days"
            session.add(
                Delivery(guid=said, body_sha256=said, event="push", state="handled", received_at=now - days * day)
            )
        for event, days, relayed in (
            ("new", 13, True),
            ("old", 15, True),
            ("unheard", 15, False),
            ("at work", 15, True),
        ):
            at = now - days * day
            row = OutboxRow(event=event, subject="", payload={}, recorded_at=at, relayed_at=at if relayed else None)
            session.add(row)
            session.flush()
            if event == "at work":
                jobs.create(session, key=event, name="probe", queue="quick", subject="", args={}, event_id=row.id)
        for key, days in (("new", 13), ("old", 15)):
            jobs.create(session, key=key, name="probe", queue="quick", subject="", args={})
            session.execute(update(Job).where(Job.key == key).values(state="done", finished_at=now - days * day))
    bench.publish("1.0.0")
    with bench.database.unit_of_work() as session:
        (version,) = lifecycle.standings(session, ADDRESS)
        for number in (399, 500, 501):
            download_counts.add(session, (now - number * day).date(), {(version.id, "terraform", f"1.{number}.0"): 1})
    bench.run("prune_rows")
    with bench.database.read() as session:
        assert session.scalars(select(Delivery.guid)).all() == ["29 days"]
        events = select(OutboxRow.event).where(OutboxRow.event != "VersionPublished").order_by(OutboxRow.id)
        assert session.scalars(events).all() == ["new", "unheard", "at work"]
        assert session.scalars(select(Job.key).where(Job.name == "probe").order_by(Job.id)).all() == ["at work", "new"]
        counted = session.execute(select(DownloadCount.client_version, DownloadCount.count)).all()
        assert download_counts.of_versions(session, [version.id])[version.id].total == 3
    assert ("1.399.0", 1) in [tuple(one) for one in counted] and {one.client_version for one in counted} == {
        "",
        "1.399.0",
    }


def _drafted(bench: Bench, number: int, state: str) -> str:
    with bench.database.unit_of_work() as session:
        new = NewRequest(
            source=f"comment:7:{number}", installation_id=1, repository_id=7, repository="acme/platform",
            issue_number=number, comment_id=number, on_pull_request=False, author_login="ada", author_id=4,
            command="generate", prompt="a bucket", options={}, problem=None,
        )  # fmt: skip
        request = requests.accept(session, requests.receive(session, new).id)
        draft = DraftView(
            name="bucket", system="aws", title="x", summary="x", assumptions=(), source="template",
            files={"main.tf": b"# x\n"}, report=PASSED,
        )  # fmt: skip
        drafts.store(session, request.run.id, draft)
        session.execute(
            update(Request)
            .where(Request.id == request.id)
            .values(state=state, updated_at=clock.now() - timedelta(days=181))
        )
        return request.run.id
