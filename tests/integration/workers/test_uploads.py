"""An upload from its receipt to a version: real archives, rows and storage; every crash point, refusal and retry."""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from accounts import namespaces, tokens
from core import clock, jobs
from core.db import Database
from core.ids import new_id
from gate.modules import Modules
from gate.report import Finding, Report
from registry import models
from registry.services import publishing, staging, uploads
from registry.services.uploads import Incoming
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from tfmodule.contents import EMPTY
from tfmodule.version import Version
from workers import execution
from workers.context import JobContext
from workers.jobs import JOBS, discard_uploads, judge_upload
from workers.relay import expand

PASSED = Report("safety", "terraform 1.11.4", "builtin", "L1", "passed", (), ())
REFUSED = Report(
    "safety", "none", "none", "L1", "refused", (), (Finding("provisioner", "error", "No.", "main.tf", 3),)
)  # fmt: skip
UNDECIDED = Report("safety", "none", "none", "L0", "undecided", (), (Finding("engine-missing", "warning", "None."),))
FILES = (Entry("main.tf", b'output "x" {\n  value = 1\n}\n'), Entry("README.md", b"# Bucket\n"))
BESIDE = (Entry(".github/workflows/x.yml", b"on: push\n"), Entry(".terraform.lock.hcl", b"# lock\n"))


class PowerCut(BaseException):
    """The process is gone: nothing catches this."""


class Back:
    """The back room over one database and one storage, with the gate's verdict in a test's hand."""

    def __init__(self, database: Database, storage: Any) -> None:
        self.database, self.storage = database, storage
        self.verdicts: list[Report | Exception] = []
        self.judged: list[tuple[str, dict[str, bytes]]] = []
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, "acme", "Organization", "public")
            self.token, _ = tokens.create(session, "ci", "acme", "publish", timedelta(days=1))
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host="registry.example.com"),
            database=database,
            storage=storage,
            redact=lambda text: text,
            judge=self._judge,
        )

    def _judge(self, profile: str, modules: Modules) -> Callable[[Any], Report]:
        def judge(files: dict[str, bytes]) -> Report:
            self.judged.append((profile, dict(files)))
            verdict = self.verdicts.pop(0) if self.verdicts else PASSED
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        return judge

    def send(self, data: bytes, version: str = "1.0.0", name: str = "bucket") -> str:
        upload_id = new_id("upl")
        body = staging.stage(self.storage, uploads.staging_key(upload_id), iter([data]), None)
        with self.database.unit_of_work() as session:
            principal = tokens.holder(session, self.token.id)
            assert principal is not None
            incoming = Incoming(
                id=upload_id, address=Address("acme", name, "aws"), version=Version.parse(version),
                idempotency_key=None, body_sha256=body.sha256, body_size=body.size,
            )  # fmt: skip
            return uploads.receive(session, principal, incoming).upload.id

    def run(self, upload_id: str) -> str:
        """One attempt, as a worker makes it, of the job that the relay made."""
        expand(self.database)
        with self.database.read() as session:
            view = jobs.views(session, subject=f"upload:{upload_id}")[0]
        if view.state in (jobs.DEAD, jobs.WAITING):
            with self.database.unit_of_work() as session:
                jobs.revive(session, view.id)
        return execution.run(self.environment, view.id)

    def row(self, upload_id: str) -> models.Upload:
        with self.database.read() as session:
            return session.get_one(models.Upload, upload_id)

    def versions(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(models.Version)) or 0

    def staged(self) -> list[str]:
        return list(self.storage.staged(clock.now() + timedelta(minutes=1)))

    def archives(self) -> list[Path]:
        return [path for path in (self.storage.root / "archives").rglob("*") if path.is_file()]


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


def _hostile(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


MAIN = (_member("main.tf"), b"# x\n")
HOSTILE = {
    "climbs out": (_hostile(MAIN, (_member("../../etc/cron.d/x"), b"x")), ("../../etc/cron.d/x", "`..`")),
    "absolute": (_hostile(MAIN, (_member("/etc/passwd"), b"x")), ("/etc/passwd", "absolute")),
    "symbolic link": (_hostile(MAIN, (_member("l", tarfile.SYMTYPE, "/etc"), b"")), ("`l`", "symbolic link")),
    "hard link": (_hostile(MAIN, (_member("h", tarfile.LNKTYPE, "main.tf"), b"")), ("`h`", "hard link")),
    "device": (_hostile(MAIN, (_member("null", tarfile.CHRTYPE), b"")), ("`null`", "character device")),
    "fifo": (_hostile(MAIN, (_member("pipe", tarfile.FIFOTYPE), b"")), ("`pipe`", "FIFO")),
    "twice": (_hostile(MAIN, (_member("MAIN.TF"), b"y")), ("MAIN.TF", "same name")),
    "windows device": (_hostile(MAIN, (_member("con.tf"), b"y")), ("con.tf", "Windows")),
    "bomb": (_hostile((_member("main.tf"), bytes(9 << 20))), ("100 times", "`main.tf`")),
    "too large": (_hostile((_member("main.tf"), bytes(300 << 20))), ("`main.tf`", "larger than 10 MiB")),
    "cut": (_hostile(MAIN)[:-20], ("cut off",)),
    "second member": (_hostile(MAIN) + gzip.compress(b"x"), ("after its gzip data",)),
    "no tar": (gzip.compress(b"hello" * 200), ("damaged",)),
    "one folder around it": (_hostile((_member(".github/x.yml"), b"x")), ("at its root",)),
}

_LEAVE, _RENAME = "Leave it out, and pack the archive again.", "Rename it, or leave it out."
_ANEW = "Pack the module again, as one whole .tar.gz."
ADVICE = {
    "climbs out": ("../../etc/cron.d/x", _RENAME),
    "absolute": ("/etc/passwd", _RENAME),
    "symbolic link": ("l", _LEAVE),
    "hard link": ("h", _LEAVE),
    "device": ("null", _LEAVE),
    "fifo": ("pipe", _LEAVE),
    "twice": ("MAIN.TF", "Keep only one of them."),
    "windows device": ("con.tf", _RENAME),
    "bomb": ("main.tf", "Leave out what the module does not need."),
    "too large": ("main.tf", _LEAVE),
    "one folder around it": (None, "Pack what is in the module's folder, without a folder around it."),
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.checklist("R28", "T-17", "T-18", "T-19", "T-20")
def test_R28_a_hostile_archive_is_refused_by_name_and_rule_and_nothing_is_kept(
    sqlite_url: str, tmp_path: Path, what: str
) -> None:
    database = Database(sqlite_url)
    back = Back(database, LocalStorage(tmp_path / "storage"))
    data, words = HOSTILE[what]
    upload_id = back.send(data)
    assert back.run(upload_id) == "done"
    row = back.row(upload_id)
    assert row.state == "refused" and row.claim is None
    [finding] = Report.from_dict(row.report or {}).findings
    assert finding.rule == "archive" and all(word in finding.message for word in words), finding.message
    assert row.reason == finding.message
    assert (finding.path, finding.fix) == ADVICE.get(what, (None, _ANEW))
    assert back.judged == [] and back.staged() == [] and back.archives() == [] and back.versions() == 0
    database.dispose()


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
