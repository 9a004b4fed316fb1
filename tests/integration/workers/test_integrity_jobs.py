"""Jobs that guard what is published: moved tags are told and change nothing, bytes are read again, origins kept."""

import hashlib
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from accounts import namespaces
from bot import checks, drafts, releases, requests
from bot.drafts import DraftView
from bot.github.values import Commit, Repository
from bot.models import Release
from bot.requests import NewRequest
from core import events, jobs
from core.db import Database
from core.models import OutboxRow
from gate.engines.port import EngineSettings
from gate.proof.prover import prove
from gate.report import Report
from registry.services import catalog
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tests.audited import audited
from tfmodule.archive import Entry, pack
from tfmodule.version import Version
from workers import execution
from workers.jobs import JOBS
from workers.subscriptions import SUBSCRIPTIONS

REPOSITORY = Repository(
    id=7, full_name="acme/terraform-aws-bucket", owner="acme", owner_id=11, owner_type="Organization",
    name="terraform-aws-bucket", description="", private=True, archived=False, default_branch="main",
    url="https://github.example/acme/terraform-aws-bucket",
)  # fmt: skip
PASSED = Report("house", "terraform 1.11.4", "builtin", "L1", "passed", (), ())
FIRST, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40
WHERE = {"installation_id": 1, "repository_id": 7}


class Bench:
    """A worker's environment with real rows and a real storage. Every commit has a tree and a file of its own."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database, self.storage = database, storage
        self.tags: dict[str, str] = {}
        self.same_files = False
        self.shown: list[tuple[str, str, dict[str, Any]]] = []  # commit, name of the check, output
        self._runs: dict[int, tuple[str, str]] = {}
        github = SimpleNamespace(
            repositories=SimpleNamespace(by_id=lambda _id: REPOSITORY, tarball=lambda _repo, sha: self._tarball(sha)),
            commits=SimpleNamespace(
                get=lambda _repo, sha: Commit(sha, sha[::-1], "x", (), "ada", verified=True), root_file=lambda *_: None
            ),
            refs=SimpleNamespace(tag_commit=lambda _repo, tag: self.tags.get(tag)),
            checks=SimpleNamespace(
                start=lambda _repo, sha, name, _id: self._start(sha, name),
                finish=lambda _repo, run, **output: self.shown.append((*self._runs[run], output)),
            ),
        )
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host="registry.example.com"),
            database=database,
            storage=storage,
            github=SimpleNamespace(installation=lambda _id: github),
            redact=lambda text: text,
            judge=lambda _profile, _modules: lambda _files: PASSED,
            prove=partial(prove, engine=EngineSettings(terraform="no-such-terraform")),
        )

    def _tarball(self, sha: str) -> bytes:
        return pack([Entry("root/main.tf", b"# same\n" if self.same_files else f"# {sha}\n".encode())])

    def _start(self, sha: str, name: str) -> int:
        self._runs[len(self._runs) + 1] = (sha, name)
        return len(self._runs)

    def run(self, name: str, **args: Any) -> str:
        with self.database.unit_of_work() as session:
            key = f"{name}:{len(jobs.views(session, limit=1000))}"
            jobs.create(session, key=key, name=name, queue=JOBS[name].queue, subject=key, args=args)
            view = jobs.views(session, subject=key)[0]
        return execution.run(self.environment, view.id)

    def push(self, tag: str, sha: str) -> None:
        """Somebody puts a tag on a commit, and the system comes to rest."""
        self.tags[tag] = sha
        assert self.run("adopt_tag", **WHERE, tag=tag, by_id=4, by_login="ada") == "done"
        self.rest()

    def rest(self) -> None:
        while True:
            with self.database.unit_of_work() as session:
                row = session.scalar(select(OutboxRow).where(OutboxRow.relayed_at.is_(None)).order_by(OutboxRow.id))
                if row is None:
                    return
                row.relayed_at = row.recorded_at
                name, payload = row.event, dict(row.payload)
            for subscription in SUBSCRIPTIONS[events.EVENTS[name]]:
                assert self.run(subscription.job, **payload) in ("done", "dead")

    def told(self, event: str) -> list[dict[str, Any]]:
        with self.database.read() as session:
            return [row.payload for row in session.scalars(select(OutboxRow).where(OutboxRow.event == event))]

    def version(self, number: str) -> catalog.VersionFacts | None:
        with self.database.read() as session:
            found = session.scalar(select(Release).where(Release.version == number, Release.state == "published"))
            if found is None:
                return None
            ids = [payload["version_id"] for payload in self.told("VersionPublished") if payload["version"] == number]
            return catalog.version_by_id(session, ids[0])

    def release(self, tag: str) -> releases.ReleaseView:
        with self.database.read() as session:
            ids = session.scalars(select(Release.id).where(Release.repository_id == 7, Release.tag == tag))
            return releases.get(session, ids.one())


@pytest.fixture
def bench(database: Database, tmp_path: Any) -> Bench:
    with database.unit_of_work() as session:
        namespaces.bind(session, REPOSITORY.owner_id, "acme", "Organization")
    return Bench(database, LocalStorage(tmp_path / "storage"))


@pytest.mark.checklist("T-22")
def test_T22_a_moved_tag_is_told_once_and_the_old_bytes_stay(bench: Bench) -> None:
    bench.push("v1.0.0", FIRST)
    before = bench.version("1.0.0")
    assert before is not None and before.commit_sha == FIRST
    for _ in range(3):  # `create`, `push` and `release` all tell of one move
        bench.push("v1.0.0", SECOND)
    assert bench.version("1.0.0") == before
    release = bench.release("v1.0.0")
    assert (release.state, release.commit_sha, release.moved_to) == ("published", FIRST, SECOND)
    assert [one["moved_to"] for one in bench.told("TagMoved")] == [SECOND]
    with bench.database.read() as session:
        assert [one.action for one in audited(session, f"release:{release.id}")] == ["tag.moved"]
    assert len(bench.told("VersionPublished")) == 1
    [output] = [output for sha, name, output in bench.shown if (sha, name) == (SECOND, "Terrasmith: version v1.0.0")]
    assert output["conclusion"] == "failure" and "nothing is republished" in output["title"]
    assert FIRST in output["summary"] and "keeps serving" in output["summary"]


@pytest.mark.checklist("T-22")
def test_T22_a_tag_that_comes_back_and_goes_again_is_told_again(bench: Bench) -> None:
    bench.push("v1.0.0", FIRST)
    for sha in (SECOND, FIRST, FIRST, THIRD, SECOND):
        bench.push("v1.0.0", sha)
    with bench.database.read() as session:
        entries = audited(session, f"release:{bench.release('v1.0.0').id}")
    assert [(one.action, one.detail["seen_at"]) for one in entries] == [
        ("tag.moved", SECOND), ("tag.restored", FIRST), ("tag.moved", THIRD), ("tag.moved", SECOND),
    ]  # fmt: skip


@pytest.mark.checklist("T-22")
@pytest.mark.parametrize("same_files", [False, True])
def test_T22_v123_and_123_on_two_commits_are_one_version_and_the_second_is_refused(bench: Bench, same_files) -> None:
    bench.same_files = same_files
    bench.push("v1.2.3", FIRST)
    bench.push("1.2.3", SECOND)
    assert (bench.release("1.2.3").state, bench.release("v1.2.3").state) == ("refused", "published")
    [output] = [output for sha, name, output in bench.shown if (sha, name) == (SECOND, "Terrasmith: version 1.2.3")]
    assert output["conclusion"] == "failure" and "v1.2.3" in output["summary"]
    assert len(bench.told("VersionPublished")) == 1
    with bench.database.unit_of_work() as session:  # a person presses "Re-run"
        assert releases.retry(session, bench.release("1.2.3").id).state == "refused"
    # On the same commit it is the same version, and no harm.
    bench.push("1.2.3", FIRST)
    assert bench.release("1.2.3").state == "published"


@pytest.mark.checklist("T-22")
def test_T22_a_first_tag_that_was_refused_leaves_its_version_free(bench: Bench) -> None:
    with bench.database.unit_of_work() as session:
        made = releases.adopt(session, **WHERE, repository="acme/terraform-aws-bucket", tag="v1.0.0", commit_sha=FIRST)
        releases.refuse(session, made.id, "no README")
    bench.push("1.0.0", SECOND)
    assert bench.release("1.0.0").state == "published"
    with bench.database.unit_of_work() as session:
        assert releases.retry(session, made.id).state == "refused"


@pytest.mark.checklist("F-18")
def test_F18_the_hourly_job_finds_a_flipped_bit_and_the_log_says_what_to_do(bench: Bench, caplog, capsys) -> None:
    bench.push("v1.0.0", FIRST)
    bench.push("v1.1.0", SECOND)
    version = bench.version("1.0.0")
    assert version is not None
    path = bench.storage.root / archive_key(version.sha256)
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert bench.run("verify_objects") == "done"
    bench.rest()
    bench.run("verify_objects")
    assert bench.told("ArchiveDamaged") == [{"sha256": version.sha256, "damage": "differs"}]
    said = capsys.readouterr().out + capsys.readouterr().err + caplog.text
    assert "put its bytes back" in said and version.sha256 in said


def _asked(bench: Bench) -> requests.RequestView:
    command = NewRequest(
        source="comment:1:2", installation_id=1, repository_id=1, repository="acme/platform", issue_number=2,
        comment_id=5, on_pull_request=False, author_login="ada", author_id=4, command="generate", prompt="a bucket",
        options={}, problem=None,
    )  # fmt: skip
    with bench.database.unit_of_work() as session:
        request = requests.receive(session, command)
        request = requests.accept(session, request.id)
        assert request.run is not None
        drafts.store(
            session,
            request.run.id,
            DraftView(
                name="bucket",
                system="aws",
                title="t",
                summary="s",
                assumptions=(),
                source="claude:claude-opus-5-5",
                files={"main.tf": b"# x\n"},
                report=PASSED,
                instructions_sha256="1" * 64,
            ),
        )
        requests.set_target(session, request.id, 7, REPOSITORY.full_name)
        return requests.attach_pull(session, request.id, 3)


@pytest.mark.checklist("P-04")
def test_P04_a_version_from_a_request_names_everybody_and_everything_that_took_part(bench: Bench) -> None:
    request = _asked(bench)
    with bench.database.unit_of_work() as session:
        release = releases.plan(
            session, **WHERE, repository=REPOSITORY.full_name, pull_number=3, merge_sha=FIRST,
            version=Version.parse("0.1.0"), by=releases.By(9, "grace"),
        )  # fmt: skip
        releases.mark_released(session, release.id, 9)
    assert bench.run("publish_version", release_id=release.id) == "done"
    version = bench.version("0.1.0")
    assert version is not None and version.provenance is not None
    told = version.provenance
    assert told["source"]["tree"] == FIRST[::-1] and told["source"]["pull_number"] == 3
    assert told["people"] == {"asked": {"id": 4, "login": "ada"}, "released": {"id": 9, "login": "grace"}}
    assert told["request"] == {
        "request_id": request.id,
        "prompt_sha256": hashlib.sha256(b"a bucket").hexdigest(),
        "writer": "claude:claude-opus-5-5",
        "instructions_sha256": "1" * 64,
        "report_digest": PASSED.digest,
    }
    assert told["gate"]["report_digest"] == PASSED.digest and told["gate"]["engine"] == "terraform 1.11.4"
    assert set(told["tools"]) == {"terrasmith", "python", "zlib"}


@pytest.mark.checklist("P-04")
def test_P04_a_version_from_a_tag_names_who_pushed_it(bench: Bench) -> None:
    bench.push("v1.0.0", FIRST)
    version = bench.version("1.0.0")
    assert version is not None and version.provenance is not None
    assert version.provenance["people"] == {"asked": None, "released": {"id": 4, "login": "ada"}}
    assert version.provenance["request"] is None


def test_each_tag_that_was_moved_to_a_commit_has_a_check_of_its_own(bench: Bench) -> None:
    for tag, sha in (("v1.0.0", FIRST), ("v1.1.0", THIRD), ("v1.0.0", SECOND), ("v1.1.0", SECOND)):
        bench.push(tag, sha)
    with bench.database.read() as session:
        found = [checks.find(session, 7, SECOND, checks.of_version(tag)) for tag in ("v1.0.0", "v1.1.0")]
    assert [one is not None and one.conclusion for one in found] == ["failure", "failure"]


@pytest.mark.checklist("T-22")
def test_T22_a_move_that_no_webhook_told_of_is_found_by_the_reconciler(bench: Bench) -> None:
    bench.push("v1.0.0", FIRST)

    def noticed(sha: str) -> int:
        bench.tags["v1.0.0"] = sha
        with bench.database.unit_of_work() as session:
            told = releases.notice_tags(session, **WHERE, tags={"v1.0.0": sha})
        bench.rest()
        return told

    assert [noticed(sha) for sha in (FIRST, SECOND, SECOND, FIRST, FIRST)] == [0, 1, 0, 1, 0]
    assert [one["moved_to"] for one in bench.told("TagMoved")] == [SECOND]
    assert bench.release("v1.0.0").moved_to is None
