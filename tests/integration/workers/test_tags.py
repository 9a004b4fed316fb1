"""Tags, checks and lost deliveries as jobs, on SQLite and Postgres, with GitHub in a test's hand."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accounts import namespaces
from bot import checks, installations, releases
from bot.github.errors import GitHubError
from bot.github.values import FailedDelivery, Pull, Repository
from core import clock, jobs
from core.db import Database
from core.errors import Transient
from gate.modules import Modules
from gate.report import Finding, Report
from registry.storage.local import LocalStorage
from tfmodule.archive import Entry, pack
from workers.context import JobContext
from workers.jobs import JOBS
from workers.relay import expand
from workers.schedule import SCHEDULE

SHA = "c" * 40
WHERE = {"installation_id": 1, "repository_id": 7}
PASSED = Report("safety", "terraform 1.11.4", "builtin", "L1", "passed", (), ())
REFUSED = Report("safety", "x", "builtin", "L1", "refused", (), (Finding("screen", "error", "no", "main.tf", 3),))


def repository(name: str, number: int) -> Repository:
    return Repository(
        id=number, full_name=f"acme/{name}", owner="acme", owner_id=11, owner_type="Organization", name=name,
        description="", private=False, archived=False, default_branch="main", url=f"https://github.example/acme/{name}",
    )  # fmt: skip


BUCKET = repository("terraform-aws-bucket", 7)
PULL = Pull(
    number=3, node_id="PR_3", repo=BUCKET.full_name, title="Bucket", body="", state="open", draft=False, merged=False,
    merge_commit_sha=None, head_branch="x", head_sha=SHA, head_repository_id=7, base_branch="main",
    base_repository_id=7, author="ada", url="https://github.example/pull/3",
)  # fmt: skip


class Hub:
    """GitHub as the gateway shows it, and a worker's environment around it. Check runs are kept by external id."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database = database
        self.tags: dict[str, str] = {}
        self.declaration: bytes | None = None
        self.repositories = [BUCKET]
        self.looked_through: list[str] = []
        self.broken: set[int] = set()
        self.runs: dict[str, list[Any]] = {}  # external id: [name, each conclusion it was given]
        self.failures: list[Exception] = []
        self.report = PASSED
        self.deliveries: tuple[FailedDelivery, ...] = ()
        self.hopeless: set[int] = set()
        self.asked: list[int] = []
        self.app = SimpleNamespace(failed_deliveries=lambda _since: self.deliveries, redeliver=self._redeliver)
        self.code = b'output "x" {\n  value = 1\n}\n'
        self.told: list[Modules] = []
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, redelivery_seconds=60.0, registry_host="registry.example.com"),
            database=database,
            github=self,
            storage=storage,
            judge=self._judge,
        )

    def _judge(self, _profile: str, modules: Modules) -> Callable[[object], Report]:
        self.told.append(modules)
        return lambda _files: self.report

    def installation(self, number: int) -> Any:
        tree = pack([Entry("root/main.tf", self.code)])
        return SimpleNamespace(
            repositories=SimpleNamespace(
                by_id=lambda _id: BUCKET, tarball=lambda _repo, _sha: tree, latest=lambda: self._latest(number)
            ),
            commits=SimpleNamespace(get=lambda _repo, _sha: None, root_file=lambda *_: self.declaration),
            refs=SimpleNamespace(
                tag_commit=lambda _repo, tag: self.tags.get(tag),
                tags=self._tags,
            ),
            pulls=SimpleNamespace(get=lambda _repo, _number: PULL),
            checks=SimpleNamespace(start=self._start, finish=self._finish),
        )

    def do(self, name: str, **args: Any) -> None:
        """One attempt at a job; whatever it raises is the test's."""
        with self.database.unit_of_work() as session:
            key = f"{name}:{clock.now().isoformat()}"
            jobs.create(session, key=key, name=name, queue=JOBS[name].queue, subject=key, args=args)
            claim = jobs.claim(session, jobs.views(session, subject=key)[0].id, 30)
        assert claim is not None
        JOBS[name].function(JobContext(self.environment, claim), **args)

    def push(self, tag: str, sha: str = SHA) -> None:
        """A tag, and everything that follows from one delivery of it."""
        self.tags[tag] = sha
        self.do("adopt_tag", **WHERE, tag=tag)
        with self.database.read() as session:
            made = [one for one in releases.find_by_commit(session, 7, sha) if one.state == "released"]
        for release in made:
            self.do("publish_version", release_id=release.id)

    def shown(self) -> dict[str, list[str]]:
        """What each check run was last concluded with, by its name."""
        return {name: given for name, *given in self.runs.values()}

    def _start(self, _repo: str, _sha: str, name: str, external_id: str) -> int:
        self.runs.setdefault(external_id, [name])
        return list(self.runs).index(external_id)

    def _finish(self, _repo: str, run: int, *, conclusion: str, **_output: Any) -> None:
        if self.failures:
            raise self.failures.pop()
        list(self.runs.values())[run].append(conclusion)

    def _tags(self, name: str) -> list[Any]:
        self.looked_through.append(name)
        return [SimpleNamespace(name=name, sha=sha) for name, sha in self.tags.items()]

    def _latest(self, number: int) -> list[Repository]:
        if number in self.broken:
            raise GitHubError("GitHub refused", status=422)
        return self.repositories

    def _redeliver(self, number: int) -> bool:
        self.asked.append(number)
        return number not in self.hopeless


@pytest.fixture
def hub(database: Database, tmp_path: Any) -> Hub:
    with database.unit_of_work() as session:
        namespaces.bind(session, 11, "acme", "Organization")
    return Hub(database, LocalStorage(tmp_path / "storage"))


def test_a_floating_tag_leaves_the_check_of_a_good_version_alone(hub: Hub) -> None:
    for tag in ("v1.0.0", "v1", "latest", "v1.2"):
        hub.push(tag)
    assert hub.shown() == {
        "Terrasmith: version v1.0.0": ["success"],
        "Terrasmith: version v1": ["neutral"],
        "Terrasmith: version latest": ["neutral"],
        "Terrasmith: version v1.2": ["failure"],
    }


def test_a_tag_that_is_heard_of_three_times_has_one_check(hub: Hub) -> None:
    for _ in range(3):
        hub.push("v1.2")
    assert hub.shown() == {"Terrasmith: version v1.2": ["failure"]}
    hub.push("v1.2", "d" * 40)
    assert len(hub.runs) == 2, "a tag that moved is told about on its new commit"


def test_a_pull_request_that_is_judged_again_has_a_check_run_of_its_own(hub: Hub) -> None:
    """And so annotations of its own: what a crash left is gone on with."""
    head = WHERE | {"number": 3, "head_sha": SHA}
    hub.report = REFUSED
    hub.failures = [Transient("502")]
    with pytest.raises(Transient):
        hub.do("check_pull_request", **head)
    hub.do("check_pull_request", **head)
    hub.report = PASSED
    hub.do("check_pull_request", **head)
    assert list(hub.runs.values()) == [["Terrasmith: module", "failure"], ["Terrasmith: module", "success"]]


def test_what_a_module_calls_is_looked_up_for_a_pull_request_and_for_a_version(hub: Hub) -> None:
    hub.code = b'module "x" {\n  source = "registry.example.com/acme/none/aws"\n}\n'
    hub.do("check_pull_request", **WHERE, number=3, head_sha=SHA)
    (problem,) = hub.told[-1].problems
    assert (problem.rule, problem.severity, problem.path, problem.line) == ("module-call", "error", "main.tf", 2)
    # Whatever the gate said, it is asked once more in the transaction that publishes.
    with pytest.raises(Exception, match=r"v1.0.0 was not published: .* is no module of this registry.*\(main.tf:2\)"):
        hub.push("v1.0.0")
    assert hub.told[-1].refused and hub.told[-1].found == {}


def test_a_version_that_is_tried_again_has_a_check_run_of_its_own(hub: Hub) -> None:
    hub.report = REFUSED
    with pytest.raises(Exception, match="was not published"):
        hub.push("v1.0.0")
    with hub.database.unit_of_work() as session:
        (release,) = releases.find_by_commit(session, 7, SHA)
        assert checks.find(session, 7, SHA, checks.of_version("v1.0.0")).conclusion == "failure"  # type: ignore[union-attr]
    hub.report = PASSED
    hub.failures = [Transient("502")]
    with pytest.raises(Transient):
        hub.do("publish_version", release_id=release.id)
    hub.do("publish_version", release_id=release.id)
    name = "Terrasmith: version v1.0.0"
    assert list(hub.runs.values()) == [[name, "failure"], [name, "success"]]


def _appeared(hub: Hub) -> list[tuple[int, str]]:
    expand(hub.database)
    with hub.database.read() as session:
        found = [one for one in jobs.views(session) if one.name == "adopt_tag" and one.state == jobs.WAITING]
    return sorted((one.args["repository_id"], one.args["tag"]) for one in found)


@pytest.mark.checklist("G4")
def test_tags_that_no_event_told_of_are_found(hub: Hub) -> None:
    """GitHub is silent about a push of more than three tags at once."""
    with hub.database.unit_of_work() as session:
        for number in (1, 2):
            installations.record(
                session, installation_id=number, account_id=10 + number, account_login=f"acme{number}",
                account_type="Organization", state="active",
            )  # fmt: skip
    hub.broken = {1}  # one installation that refuses does not stop the others
    hub.repositories = [repository("platform", 6), BUCKET]
    hub.push("v1.0.0")
    hub.tags |= dict.fromkeys(("v1.1.0", "v1.2.0", "v1.3.0", "v2", "x" * 201), SHA)
    hub.do("reconcile_tags")
    assert _appeared(hub) == [(7, "v1.1.0"), (7, "v1.2.0"), (7, "v1.3.0"), (7, "v2")]
    for tag in [tag for tag in hub.tags if len(tag) <= releases.LONGEST_TAG]:
        hub.push(tag)
    hub.do("reconcile_tags")
    assert len(_appeared(hub)) == 4, "what has a release is known"
    assert "reconcile_tags" in {tick.job for tick in SCHEDULE}


def test_only_so_many_repositories_are_looked_through(hub: Hub) -> None:
    with hub.database.unit_of_work() as session:
        installations.record(
            session, installation_id=1, account_id=11, account_login="acme", account_type="Organization", state="active"
        )
    hub.repositories = [repository(f"terraform-aws-n{number}", number) for number in range(1, 231)]
    hub.do("reconcile_tags")
    first = [f"acme/terraform-aws-n{number}" for number in range(1, 201)]
    assert hub.looked_through == first, "those that were pushed to last"


def _failed(number: int, attempts: int, minutes: float) -> FailedDelivery:
    moment = clock.now() - timedelta(minutes=minutes)
    return FailedDelivery(number, f"guid-{number}", "push", None, moment, 502, attempts, 1, 7)


@pytest.mark.checklist("G2", "F-09")
def test_a_delivery_waits_longer_each_time_and_is_never_given_up(hub: Hub) -> None:
    hub.deliveries = (
        _failed(1, attempts=1, minutes=0.5), _failed(2, attempts=1, minutes=1.1), _failed(3, attempts=3, minutes=3.5),
        _failed(4, attempts=3, minutes=4.1), _failed(5, attempts=21, minutes=59), _failed(6, attempts=400, minutes=61),
    )  # fmt: skip
    hub.do("redeliver_deliveries")
    assert hub.asked == [2, 4, 6]


def test_one_delivery_that_github_has_forgotten_does_not_stop_the_others(hub: Hub) -> None:
    hub.deliveries = (_failed(1, attempts=2, minutes=9), _failed(2, attempts=1, minutes=2))
    hub.hopeless = {1}
    hub.do("redeliver_deliveries")
    assert hub.asked == [1, 2]
