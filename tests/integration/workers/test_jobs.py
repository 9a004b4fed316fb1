"""Jobs at their crash points and refusals: what was begun is finished by the next attempt, and told to who waits."""

import zlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from accounts import namespaces
from bot import checks, installations, releases, requests
from bot.github.errors import RefusedByRulesError
from bot.github.values import Commit, InstallationInfo, Pull, Repository
from bot.requests import NewRequest
from core import jobs
from core.db import Database
from core.errors import Transient, UserError
from gate.report import Report
from registry.storage.local import LocalStorage
from tfmodule.archive import Entry, pack
from tfmodule.version import Version
from workers import execution
from workers.context import JobContext
from workers.jobs import JOBS

REPOSITORY = Repository(
    id=7, full_name="acme/terraform-aws-bucket", owner="acme", owner_id=11, owner_type="Organization",
    name="terraform-aws-bucket", description="", private=True, archived=False, default_branch="main",
    url="https://github.example/acme/terraform-aws-bucket",
)  # fmt: skip
PULL = Pull(
    number=3, node_id="PR_3", repo=REPOSITORY.full_name, title="Bucket", body="", state="closed", draft=False,
    merged=True, merge_commit_sha="c" * 40, head_branch="x", head_sha="d" * 40, head_repository_id=7,
    base_branch="main", base_repository_id=7, author="ada", url="https://github.example/pull/3",
)  # fmt: skip
PASSED = Report("house", "terraform 1.11.4", "builtin", "L1", "passed", (), ())
FILES = (Entry("main.tf", b'output "x" {\n  value = 1\n}\n'), Entry("README.md", b"# Bucket\n"))


class FakeGitHub:
    """GitHub as the gateway shows it: remembers effects, and fails where a test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.listed: list[InstallationInfo] = []
        self.known: dict[int, InstallationInfo] = {}
        self.tag_names: list[str] = []
        self.pull = PULL
        self.app = SimpleNamespace(installations=lambda: self.listed, installation=self.known.get)

    def installation(self, _installation_id: int) -> Any:
        call = self._call
        return SimpleNamespace(
            repositories=SimpleNamespace(
                by_id=lambda _id: REPOSITORY,
                permission=lambda _repo, _login, user_id: "write" if user_id == 4 else "none",
                tarball=lambda _repo, _sha: pack([Entry(f"root/{one.path}", one.data) for one in FILES]),
            ),
            commits=SimpleNamespace(
                get=lambda _repo, sha: Commit(sha, "e" * 40, "Merge", (), "ada", verified=True),
                root_file=lambda *_: None,
            ),
            issues=SimpleNamespace(
                react=lambda *_args, **_named: call("react", None),
                upsert_comment=lambda *args, **_named: call("comment", args[-1]) or 1,
                close=lambda *_args: call("close", None),
            ),
            pulls=SimpleNamespace(get=lambda _repo, _number: self.pull, mark_ready=lambda _pull: call("ready", None)),
            refs=SimpleNamespace(
                tags=lambda _repo: [SimpleNamespace(name=name, sha="c" * 40) for name in self.tag_names],
                ensure_tag=lambda _repo, tag, _sha: call("tag", tag),
            ),
            checks=SimpleNamespace(
                start=lambda *_args: call("check.start", None) or 5,
                finish=lambda _repo, _run, **output: call("check.finish", output),
            ),
            releases=SimpleNamespace(
                find=lambda _repo, _tag: None,
                create_draft=lambda _repo, tag, *_args: (
                    call("draft", tag) or SimpleNamespace(id=9, draft=True, url="u")
                ),
                publish=lambda _repo, _id: call("release", None) or SimpleNamespace(id=9, draft=False, url="u"),
            ),
        )

    def _call(self, name: str, value: Any) -> None:
        self.calls.append((name, value))
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def done(self, name: str) -> list[Any]:
        return [value for called, value in self.calls if called == name]


class Bench:
    """A worker's environment with real rows and real storage, and the outside world in a test's hand."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database, self.github = database, FakeGitHub()
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host="registry.example.com"),
            database=database,
            github=self.github,
            storage=storage,
            redact=lambda text: text,
            judge=lambda _profile, _modules=None: lambda _files: PASSED,
        )

    def run(self, name: str, **args: Any) -> str:
        """One attempt at a job, as a worker makes it: done, waiting, dead …"""
        with self.database.unit_of_work() as session:
            key = f"{name}:{zlib.crc32(repr(sorted(args.items())).encode())}"
            jobs.create(session, key=key, name=name, queue=JOBS[name].queue, subject=key, args=args)
            view = jobs.views(session, subject=key)[0]
            if view.state == jobs.DEAD:
                jobs.revive(session, view.id)
        return execution.run(self.environment, view.id)

    def accepted(self) -> requests.RequestView:
        with self.database.unit_of_work() as session:
            request = requests.receive(session, _command())
            requests.accept(session, request.id)
            requests.set_target(session, request.id, REPOSITORY.id, REPOSITORY.full_name)
            return requests.attach_pull(session, request.id, PULL.number)

    def request(self, request_id: str) -> requests.RequestView:
        with self.database.read() as session:
            return requests.get(session, request_id)


def _command(command: str = "generate") -> NewRequest:
    return NewRequest(
        source=f"comment:1:{command}", installation_id=1, repository_id=1, repository="acme/platform", issue_number=2,
        comment_id=5, on_pull_request=False, author_login="ada", author_id=4, command=command, prompt="a bucket",
        options={}, problem=None,
    )  # fmt: skip


@pytest.fixture
def bench(database: Database, tmp_path: Any) -> Bench:
    with database.unit_of_work() as session:
        namespaces.bind(session, REPOSITORY.owner_id, "acme", "Organization")
    return Bench(database, LocalStorage(tmp_path / "storage"))


def test_an_acknowledgement_that_was_given_up_can_be_retried(bench: Bench) -> None:
    with bench.database.unit_of_work() as session:
        request = requests.receive(session, _command())
    bench.github.failures["react"] = [UserError("not here")]
    assert bench.run("acknowledge", request_id=request.id) == "dead"
    bench.run(
        "report_dead_job", job_id=1, job="acknowledge", about=f"request:{request.id}", kind="user", error="not here"
    )
    assert bench.request(request.id).state == "failed"
    assert bench.run("acknowledge", request_id=request.id) == "done"
    assert bench.request(request.id).state == "generating"


def _released(bench: Bench) -> releases.ReleaseView:
    with bench.database.unit_of_work() as session:
        row = releases.plan(
            session, installation_id=1, repository_id=7, repository=REPOSITORY.full_name, pull_number=3,
            merge_sha="c" * 40, version=Version.parse("0.1.0"),
        )  # fmt: skip
        return releases.mark_released(session, row.id, 9)


@pytest.mark.checklist("F-10")
def test_F10_a_publication_that_dies_before_it_is_shown_is_shown_by_the_next_attempt(bench: Bench) -> None:
    release = _released(bench)
    bench.github.failures["check.finish"] = [Transient("502")]
    assert bench.run("publish_version", release_id=release.id) == "waiting"
    with bench.database.read() as session:
        assert releases.get(session, release.id).state == "published"
    assert bench.run("publish_version", release_id=release.id) == "done"
    shown = bench.github.done("check.finish")
    assert [one["conclusion"] for one in shown] == ["success", "success"]
    assert "acme/bucket/aws 0.1.0" in shown[-1]["title"]


def test_a_registrys_refusal_is_on_the_commit_and_can_be_retried(bench: Bench) -> None:
    release = _released(bench)
    with bench.database.unit_of_work() as session:
        namespaces.suspend(session, REPOSITORY.owner_id)
    assert bench.run("publish_version", release_id=release.id) == "dead"
    assert bench.github.done("check.finish")[-1]["conclusion"] == "failure"
    with bench.database.unit_of_work() as session:
        assert "suspended" in (releases.get(session, release.id).reason or "")
        namespaces.reactivate(session, REPOSITORY.owner_id)
    assert bench.run("publish_version", release_id=release.id) == "done"
    with bench.database.read() as session:
        assert releases.get(session, release.id).state == "published"
        check = checks.find(session, 7, "c" * 40, checks.of_version(release.tag))
    assert check is not None
    assert check.conclusion == "success"


def test_a_release_that_a_ruleset_forbids_is_told_and_can_be_retried(bench: Bench) -> None:
    request = bench.accepted()
    merged = {"installation_id": 1, "repository_id": 7, "number": 3, "merge_sha": "c" * 40}
    bench.github.failures["release"] = [RefusedByRulesError("v0.1.0", "tag creation is restricted")]
    assert bench.run("release_module", **merged) == "dead"
    assert "restricted" in bench.github.done("check.finish")[-1]["summary"]
    assert "restricted" in (bench.request(request.id).reason or "")
    bench.github.tag_names = ["v0.1.0"]  # made by the first attempt, on our own commit
    assert bench.run("release_module", **merged) == "done"
    with bench.database.read() as session:
        (release,) = releases.find_by_commit(session, 7, "c" * 40)
    assert (release.state, release.tag) == ("released", "v0.1.0")


def test_a_forks_pull_request_moves_nothing_of_ours(bench: Bench) -> None:
    request = bench.accepted()
    bench.github.pull = replace(
        PULL, number=99, state="open", merged=False, head_branch=request.branch, head_repository_id=666
    )
    checked = {"installation_id": 1, "repository_id": 7, "number": 99, "head_sha": PULL.head_sha}
    assert bench.run("check_pull_request", **checked) == "done"
    assert bench.github.done("check.finish")[-1]["conclusion"] == "neutral"
    bench.github.pull = replace(bench.github.pull, state="closed")
    bench.run("abandon_request", installation_id=1, repository_id=7, number=99)
    now = bench.request(request.id)
    assert (now.state, now.pull_number) == ("proposed", PULL.number)
    assert now.run is not None
    assert now.run.step("check").state == "pending"


def test_a_head_that_github_does_not_show_yet_is_waited_for(bench: Bench) -> None:
    bench.github.pull = replace(PULL, state="open", merged=False, head_sha="0" * 40)
    late = {"installation_id": 1, "repository_id": 7, "number": 3, "head_sha": "d" * 40}
    assert bench.run("check_pull_request", **late) == "waiting"
    bench.github.pull = replace(bench.github.pull, head_sha="d" * 40)
    assert bench.run("check_pull_request", **late) == "done"
    assert bench.github.done("check.finish")[-1]["conclusion"] == "success"


def test_a_death_on_the_way_to_a_release_is_told(bench: Bench) -> None:
    request = bench.accepted()
    merged = {"installation_id": 1, "repository_id": 7, "number": 3, "merge_sha": "c" * 40}
    bench.github.failures["tag"] = [UserError("the app may not tag here")]
    assert bench.run("release_module", **merged) == "dead"
    with bench.database.read() as session:
        dead = jobs.views(session, state=jobs.DEAD)[0]
    bench.run(
        "report_dead_job",
        job_id=dead.id,
        job=dead.name,
        about=dead.subject,
        kind="user",
        error="the app may not tag here",
    )
    assert "may not tag here" in (bench.request(request.id).reason or "")


def _installed(bench: Bench, number: int, state: str = "active") -> None:
    with bench.database.unit_of_work() as session:
        installations.record(
            session, installation_id=number, account_id=11, account_login="acme", account_type="Organization",
            state=state,
        )  # fmt: skip


def test_an_installation_that_the_list_lacks_is_asked_for_before_it_is_given_up(bench: Bench) -> None:
    _installed(bench, 1)
    bench.github.known[1] = InstallationInfo(1, 11, "acme", "Organization", suspended=False)
    bench.run("reconcile_installations")
    with bench.database.read() as session:
        assert [one.id for one in installations.active(session)] == [1]
    bench.github.known.clear()
    with bench.database.unit_of_work() as session:
        jobs.prune(session, jobs.clock.now())
    JOBS["reconcile_installations"].function(_again(bench))
    with bench.database.read() as session:
        assert installations.active(session) == ()


def _again(bench: Bench) -> JobContext:
    with bench.database.unit_of_work() as session:
        jobs.create(session, key="again", name="reconcile_installations", queue="quick", subject="again", args={})
        claim = jobs.claim(session, jobs.views(session, subject="again")[0].id, 30)
    assert claim is not None
    return JobContext(bench.environment, claim)


def test_removing_an_old_installation_leaves_the_new_ones_namespace_open(bench: Bench) -> None:
    _installed(bench, 1)
    _installed(bench, 2)
    _installed(bench, 1, "removed")
    bench.run("bind_namespace", installation_id=1)
    with bench.database.read() as session:
        namespace = namespaces.find(session, "acme")
    assert namespace is not None
    assert namespace.state == "active"
    _installed(bench, 2, "removed")
    bench.run("bind_namespace", installation_id=2)
    with bench.database.read() as session:
        namespace = namespaces.find(session, "acme")
    assert namespace is not None
    assert namespace.state == "removed"
