"""An upload from its receipt to a version: real archives, rows and storage; every crash point, refusal and retry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from accounts import namespaces, tokens
from core import jobs
from core.db import Database
from gate.modules import Modules
from gate.report import Finding, Report
from registry import models
from registry.services import publishing, uploads
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tests.integration.workers.back_room import PASSED, Back
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from tfmodule.contents import EMPTY
from tfmodule.version import Version
from workers import execution
from workers.context import JobContext
from workers.jobs import JOBS, discard_uploads, judge_upload
from workers.relay import expand

REFUSED = Report(
    "safety", "none", "none", "L1", "refused", (), (Finding("provisioner", "error", "No.", "main.tf", 3),)
)  # fmt: skip
UNDECIDED = Report("safety", "none", "none", "L0", "undecided", (), (Finding("engine-missing", "warning", "None."),))
FILES = (Entry("main.tf", b'output "x" {\n  value = 1\n}\n'), Entry("README.md", b"# Bucket\n"))
BESIDE = (Entry(".github/workflows/x.yml", b"on: push\n"), Entry(".terraform.lock.hcl", b"# lock\n"))


class PowerCut(BaseException):
    """The process is gone: nothing catches this."""


@pytest.fixture
def back(database: Database, tmp_path: Path) -> Back:
    return Back(database, LocalStorage(tmp_path / "storage"))


@pytest.fixture(params=["sqlite", "postgres", "s3"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Back]:
    """On both databases with a folder, and with a real S3 server."""
    on_s3 = request.param == "s3"
    database = Database(request.getfixturevalue("sqlite_url" if on_s3 else f"{request.param}_url"))
    yield Back(database, request.getfixturevalue("open_s3")() if on_s3 else LocalStorage(tmp_path / "storage"))
    database.dispose()


def test_from_received_to_published(anywhere: Back) -> None:
    back = anywhere
    upload_id = back.send(pack([*FILES, *BESIDE]))
    assert back.run(upload_id) == "done"
    row = back.row(upload_id)
    assert (row.state, row.left_out, row.reason) == ("published", 2, None)
    assert back.judged == [("safety", {entry.path: entry.data for entry in (*FILES, *BESIDE)})]
    prepared = publishing.prepare(FILES)
    assert (row.sha256, row.h1, row.size) == (prepared.sha256, prepared.h1, prepared.size)
    with back.storage.open(archive_key(prepared.sha256)) as stream:
        assert stream.read() == prepared.data
    assert back.staged() == [] and back.run(upload_id) == "refused"  # the job is done; nobody does it twice
    with back.database.read() as session:
        module = session.scalars(select(models.Module)).one()
        version = session.scalars(select(models.Version)).one()
    assert (module.source, module.repository_id, module.source_url) == ("uploads", 0, "")
    assert (version.commit_sha, version.tag, version.readme) == ("", "", "# Bucket\n")
    assert Report.from_dict(row.report or {}) == PASSED


def test_what_the_gate_refuses_is_refused_with_its_findings(back: Back) -> None:
    back.verdicts = [REFUSED]
    upload_id = back.send(pack(FILES))
    assert back.run(upload_id) == "done"
    row = back.row(upload_id)
    assert (row.state, row.reason) == ("refused", "No. (main.tf:3)")
    assert Report.from_dict(row.report or {}) == REFUSED
    assert back.archives() == [] and back.staged() == [] and back.versions() == 0
    assert back.run(back.send(pack(FILES))) == "done" and back.versions() == 1


def test_undecided_is_our_failure_and_can_be_retried(back: Back) -> None:
    back.verdicts = [UNDECIDED]
    upload_id = back.send(pack(FILES))
    assert back.run(upload_id) == "dead"
    assert (back.row(upload_id).state, back.row(upload_id).reason) == ("failed", "None.")
    assert back.staged() == [f"incoming/{upload_id}"]
    assert back.run(upload_id) == "done"  # `terrasmith runs retry`, with an engine
    assert back.row(upload_id).state == "published" and back.staged() == []


def test_a_job_that_is_given_up_fails_its_upload(back: Back) -> None:
    upload_id = back.send(pack(FILES))
    back.verdicts = [RuntimeError("boom")] * jobs.MAX_FAILURES["bug"]
    ends = [back.run(upload_id)]
    with back.database.read() as session:
        job = jobs.views(session, subject=f"upload:{upload_id}")[0].id
    while ends[-1] == "waiting":
        ends.append(execution.run(back.environment, job))
    assert ends == ["waiting", "waiting", "dead"]
    assert back.row(upload_id).state == "unpacked"
    expand(back.database)
    with back.database.read() as session:
        dead = jobs.views(session, subject=f"dead:{job}")[0]
    assert execution.run(back.environment, dead.id) == "done"
    row = back.row(upload_id)
    assert (
        row.state == "failed"
        and row.reason == f"It could not be done: a fault of ours (job {job})."
        and row.claim is None
    )
    assert back.run(upload_id) == "done" and back.row(upload_id).state == "published"


@pytest.mark.checklist("T-08")
def test_T08_the_right_to_publish_is_asked_again_at_work_and_at_the_end(back: Back) -> None:
    first, second, third = (back.send(pack(FILES), version) for version in ("1.0.0", "2.0.0", "3.0.0"))

    def revoke_meanwhile(profile: str, _modules: Modules) -> Callable[[Any], Report]:
        def judge(_files: Any) -> Report:
            with back.database.unit_of_work() as session:
                tokens.revoke(session, back.token.id)
            return PASSED

        return judge

    back.environment.judge = revoke_meanwhile
    assert back.run(first) == "done" and back.run(second) == "done"
    for upload_id in (first, second):
        row = back.row(upload_id)
        assert row.state == "refused" and "revoked" in (row.reason or "")
    back.environment.judge = back._judge
    with back.database.unit_of_work() as session:
        namespaces.suspend(session, 11)
    assert back.run(third) == "done" and back.row(third).state == "refused"
    assert back.versions() == 0 and back.staged() == []


def test_a_version_that_a_repository_took_meanwhile_is_refused(back: Back) -> None:
    upload_id = back.send(pack(FILES))
    prepared = publishing.prepare([Entry("main.tf", b"# git\n")])
    with back.database.unit_of_work() as session:
        version = publishing.PublishVersion(
            address=Address("acme", "bucket", "aws"), version=Version.parse("0.9.0"), tag="v0.9.0", commit_sha="c" * 40,
            repository_id=7, account_id=11, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size, contents=EMPTY,
            report={},
        )  # fmt: skip
        publishing.publish(session, version)
    assert back.run(upload_id) == "done"
    row = back.row(upload_id)
    assert row.state == "refused" and "keeps the source" in (row.reason or "")


class Fuse:
    """Cuts the power at the n-th moment worth one: before or after a commit, before or after an outside effect."""

    def __init__(self, burns_at: int) -> None:
        self.left = burns_at

    def moment(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise PowerCut


class FusedContext(JobContext):
    """A job's context whose commits may be the last thing that happens."""

    fuse: Fuse

    @contextmanager
    def write(self) -> Iterator[Any]:
        self.fuse.moment()
        with super().write() as session:
            yield session
            session.flush()
            self.fuse.moment()
        self.fuse.moment()


class FusedStorage:
    """The storage, with moments around what it changes."""

    def __init__(self, storage: LocalStorage, fuse: Fuse) -> None:
        self.storage, self.fuse = storage, fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.storage, name)
        if name not in ("put", "discard"):
            return method

        def fused(*args: Any) -> Any:
            self.fuse.moment()
            result = method(*args)
            self.fuse.moment()
            return result

        return fused


@pytest.mark.checklist("F-10")
def test_F10_after_a_crash_at_any_moment_the_job_goes_on_to_one_version(back: Back) -> None:
    crashes = 0
    for moment in range(1, 60):
        upload_id = back.send(pack(FILES), f"1.0.{moment}")
        if not _crashed(back, upload_id, moment):
            break
        crashes += 1
        assert back.run(upload_id) == "done", moment
        row = back.row(upload_id)
        assert row.state == "published" and row.version_id is not None, moment
        assert back.versions() == moment and back.staged() == []
    assert crashes >= 15
    with back.database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Module)) == 1


def _crashed(back: Back, upload_id: str, moment: int) -> bool:
    expand(back.database)
    with back.database.unit_of_work() as session:
        view = jobs.views(session, subject=f"upload:{upload_id}")[0]
        claim = jobs.claim(session, view.id, 30.0)
    assert claim is not None
    fuse = Fuse(moment)
    environment = SimpleNamespace(**{**vars(back.environment), "storage": FusedStorage(back.storage, fuse)})
    ctx = FusedContext(environment, claim)  # type: ignore[arg-type]
    ctx.fuse = fuse
    try:
        judge_upload.run(ctx, upload_id=upload_id)
    except PowerCut:
        with back.database.unit_of_work() as session:
            jobs.release(session, view.id)
        with back.database.unit_of_work() as session:
            jobs.reclaim_expired(session)
        return True
    return False


def test_upkeep_clears_away_what_a_crash_left(anywhere: Back, monkeypatch: pytest.MonkeyPatch) -> None:
    back = anywhere
    waiting, refused = back.send(pack(FILES)), back.send(pack(FILES), "2.0.0")
    back.storage.stage("incoming/upl_rowless", [b"x"])
    with back.database.unit_of_work() as session:
        uploads.refuse(session, refused, "no")
    monkeypatch.setattr(discard_uploads, "_STAGED_KEPT", timedelta(seconds=-60))
    with back.database.unit_of_work() as session:
        jobs.create(session, key="tick", name="discard_uploads", queue="quick", subject="tick", args={})
        view = jobs.views(session, subject="tick")[0]
    assert execution.run(back.environment, view.id) == "done"
    assert back.staged() == [f"incoming/{waiting}"]
    assert JOBS["judge_upload"].permission == "publish"
