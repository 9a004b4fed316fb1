"""Several modules in one repository, on SQLite and Postgres, with GitHub in a test's hand: tags, checks, bindings."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from accounts import audit, namespaces
from bot import checks, declarations, installations, releases, requests
from bot.github.values import Commit, Pull, Repository
from bot.requests import NewRequest
from core import jobs
from core.db import Database
from core.errors import UserError
from gate import judge
from gate.engine import EngineSettings
from gate.report import Finding, Report
from registry.models import Module
from registry.services import catalog, moving
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, pack, unpack
from workers import execution
from workers.jobs import JOBS
from workers.touched import MOST_JUDGED

INFRA = Repository(
    id=7, full_name="acme/infra", owner="acme", owner_id=11, owner_type="Organization", name="infra", description="",
    private=False, archived=False, default_branch="main", url="https://github.example/acme/infra",
)  # fmt: skip
WHERE = {"installation_id": 1, "repository_id": 7}
PASSED = Report("safety", "terraform 1.11.4", "builtin", "L1", "passed", (), ())
FIRST, SECOND = "a" * 40, "b" * 40
TF = b'output "x" {\n  value = 1\n}\n'
DECLARED = b"""module "network" {
  system = "aws"
  path   = "modules/network"
}
module "dns" {
  system = "aws"
  path   = "modules/dns"
}
"""
FILES = {
    ".terrasmith.hcl": DECLARED,
    "README.md": b"# All of it\n",
    "modules/network/main.tf": TF,
    "modules/network/README.md": b"# Network\n",
    "modules/network/modules/peering/main.tf": TF,
    "modules/dns/main.tf": b'output "name" {\n  value = 2\n}\n',
    "apps/state.tfstate": b"{}",  # no module may hold this, and a repository may
}


class Hub:
    """GitHub with commits of files, and a worker's environment around it."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database, self.storage, self.repository = database, storage, INFRA
        self.commits: dict[str, Mapping[str, bytes]] = {FIRST: FILES}
        self.tags: dict[str, str] = {}
        self.changed: tuple[str, ...] = ()
        self.own = True
        self.judged: list[tuple[str, ...]] = []
        self.judge: Any = self._judge
        self.reports: dict[str, Report] = {}
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}
        self._runs: list[tuple[str, str]] = []
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host="registry.example.com"),
            database=database, storage=storage, redact=lambda text: text,
            github=SimpleNamespace(installation=lambda _id: self._client()),
            judge=lambda profile: lambda files: self.judge(profile, files),
        )  # fmt: skip

    def _client(self) -> Any:
        return SimpleNamespace(
            repositories=SimpleNamespace(
                by_id=lambda _id: self.repository, latest=lambda: [self.repository],
                tarball=lambda _repo, sha: pack([Entry(f"r/{path}", data) for path, data in self.commits[sha].items()]),
            ),
            commits=SimpleNamespace(
                get=lambda _repo, sha: Commit(sha, sha[::-1], "x", (), "ada", verified=True),
                root_file=lambda _repo, sha, name, _limit: self.commits[sha].get(name),
                files_at=lambda _repo, sha: tuple(self.commits[sha]),
            ),
            refs=SimpleNamespace(
                tag_commit=lambda _repo, tag: self.tags.get(tag),
                head=lambda _repo, _branch: FIRST,
                tags=lambda _repo: [SimpleNamespace(name=name, sha=sha) for name, sha in self.tags.items()],
            ),
            pulls=SimpleNamespace(get=lambda _repo, _number: self._pull(), files=lambda _repo, _number: self.changed),
            checks=SimpleNamespace(start=self._start, finish=self._finish),
        )  # fmt: skip

    def _pull(self) -> Pull:
        return Pull(
            number=3, node_id="PR_3", repo=self.repository.full_name, title="x", body="", state="open", draft=False,
            merged=False, merge_commit_sha=None, head_branch="x", head_sha=FIRST, base_branch="main", author="ada",
            head_repository_id=7 if self.own else 8, base_repository_id=7, url="https://github.example/pull/3",
        )  # fmt: skip

    def _judge(self, _profile: str, files: Mapping[str, bytes]) -> Report:
        self.judged.append(tuple(sorted(files)))
        return next((report for path, report in self.reports.items() if files.get(path) == TF), PASSED)

    def _start(self, _repo: str, sha: str, name: str, _id: str) -> int:
        self._runs.append((sha, name))
        return len(self._runs)

    def _finish(self, _repo: str, run: int, **output: Any) -> None:
        self.shown[self._runs[run - 1]] = output

    def run(self, name: str, **args: Any) -> str:
        with self.database.unit_of_work() as session:
            key = f"{name}:{len(jobs.views(session, limit=1000))}"
            jobs.create(session, key=key, name=name, queue=JOBS[name].queue, subject=key, args=args)
            view = jobs.views(session, subject=key)[0]
        return execution.run(self.environment, view.id)

    def push(self, tag: str, sha: str = FIRST) -> dict[str, Any] | None:
        """A tag, and all that follows; what its check says on the commit."""
        self.tags[tag] = sha
        assert self.run("adopt_tag", **WHERE, tag=tag) == "done"
        if len(tag) <= releases.LONGEST_TAG and (release := self.release(tag)) is not None:
            self.run("publish_version", release_id=release.id)
        return self.shown.get((sha, f"Terrasmith: version {tag}"))

    def release(self, tag: str) -> releases.ReleaseView | None:
        with self.database.read() as session:
            return releases.find_by_tag(session, 7, tag)

    def versions(self, address: str) -> list[str]:
        with self.database.read() as session:
            return [str(one) for one in catalog.published_versions(session, Address.parse(address))]

    def files(self, address: str, version: str) -> list[str]:
        with self.database.read() as session:
            facts = catalog.version(session, Address.parse(address), version, None)
        with self.storage.open(archive_key(facts.sha256)) as stream:
            return sorted(entry.path for entry in unpack(stream))

    def check(self) -> dict[str, Any] | None:
        assert self.run("check_pull_request", **WHERE, number=3, head_sha=FIRST) == "done"
        return self.shown.get((FIRST, "Terrasmith: module"))


def _hub(database: Database, folder: Path) -> Hub:
    with database.unit_of_work() as session:
        namespaces.bind(session, 11, "acme", "Organization", "public")
    return Hub(database, LocalStorage(folder / "storage"))


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    """On SQLite and on Postgres."""
    return _hub(database, tmp_path)


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    """On SQLite only: for what has nothing to do with the database."""
    database = Database(sqlite_url)
    yield _hub(database, tmp_path)
    database.dispose()


@pytest.mark.checklist("R28", "R33")
def test_each_tag_publishes_the_module_of_its_prefix_from_its_folder_alone(hub: Hub) -> None:
    network, dns = hub.push("network/v1.0.0"), hub.push("dns/0.1.0")
    assert network is not None and network["conclusion"] == "success"
    assert network["title"] == "Published acme/network/aws 1.0.0"
    assert dns is not None and dns["title"] == "Published acme/dns/aws 0.1.0"
    assert (hub.versions("acme/network/aws"), hub.versions("acme/dns/aws")) == (["1.0.0"], ["0.1.0"])
    assert hub.files("acme/network/aws", "1.0.0") == ["README.md", "main.tf", "modules/peering/main.tf"]
    assert hub.files("acme/dns/aws", "0.1.0") == ["main.tf"]
    with hub.database.read() as session:
        facts = catalog.version(session, Address.parse("acme/network/aws"), "1.0.0", None)
    assert facts.provenance is not None and facts.readme == "# Network\n"
    assert facts.provenance["source"]["path"] == "modules/network"
    assert facts.provenance["source"]["tag"] == facts.tag == "network/v1.0.0"


@pytest.mark.checklist("R33")
def test_R33_two_spellings_of_a_version_fight_within_their_module_only(hub: Hub) -> None:
    hub.commits[SECOND] = FILES | {"modules/network/main.tf": b"# other\n"}
    hub.push("network/v1.0.0")
    second = hub.push("network/1.0.0", SECOND)
    assert second is not None and second["conclusion"] == "failure" and "`network/v1.0.0`" in second["summary"]
    other = hub.push("dns/v1.0.0", SECOND)
    assert other is not None and other["conclusion"] == "success", "another module may have the number"
    assert hub.versions("acme/network/aws") == ["1.0.0"]


@pytest.mark.parametrize(
    ("tag", "conclusion", "says"),
    [
        (
            "netwrok/v1.0.0",
            "neutral",
            "begins like no module of `.terrasmith.hcl`; there the tags begin with `network/`",
        ),
        ("v1.0.0", "neutral", "begins like no module"),
        ("network/latest", "neutral", "push one such as `network/v1.4.0`"),
        ("network/v1.2", "failure", "push one such as `network/v1.4.0`"),
        ("network/v1.2.3.4", "failure", "is not a version"),
    ],
)
def test_a_tag_that_is_no_version_of_a_module_is_told_and_kept(lite: Hub, tag: str, conclusion: str, says: str) -> None:
    told = lite.push(tag)
    assert told is not None and (told["conclusion"], says in told["summary"]) == (conclusion, True), told
    release = lite.release(tag)
    assert release is not None and (release.state, release.version) == ("refused", None) and release.reason


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        (b"module {", "never closed"),
        (DECLARED.replace(b"modules/dns", b"../dns"), ".terrasmith.hcl:7: the folder `../dns`"),
        (b"", "no module is declared"),
    ],
)
def test_a_declaration_that_cannot_be_followed_stops_the_tag_and_a_corrected_commit_publishes(
    lite: Hub, declaration: bytes, says: str
) -> None:
    lite.commits[SECOND] = FILES
    lite.commits[FIRST] = FILES | {".terrasmith.hcl": declaration}
    told = lite.push("network/v1.0.0")
    assert told is not None and told["conclusion"] == "failure" and says in told["summary"].replace("\\", "")
    assert lite.versions("acme/network/aws") == []
    moved = lite.push("network/v1.0.0", SECOND)
    assert moved is not None and moved["conclusion"] == "success"
    assert lite.versions("acme/network/aws") == ["1.0.0"]


def test_a_declared_folder_that_is_missing_or_a_link_is_refused_with_its_name(lite: Hub) -> None:
    lite.commits[FIRST] = {name: data for name, data in FILES.items() if not name.startswith("modules/dns")}
    told = lite.push("dns/v0.1.0")
    assert told is not None and told["conclusion"] == "failure" and "modules/dns" in told["summary"]
    assert lite.versions("acme/dns/aws") == []


def test_what_leads_out_of_the_folder_is_refused_at_its_line_in_the_repository(lite: Hub) -> None:
    shared = b'module "shared" {\n  source = "../shared"\n}\n'
    lite.commits[FIRST] = FILES | {"modules/network/shared.tf": shared, "modules/shared/main.tf": TF}
    settings = EngineSettings(
        terraform=None, provider_mirror=None, sandbox="require", timeout_seconds=60, memory_bytes=1 << 30
    )
    lite.judge = lambda profile, files: judge.judge(files, profile=profile, engine=settings)
    told = lite.push("network/v1.0.0")
    assert told is not None and told["conclusion"] == "failure"
    [annotation] = told["annotations"]
    assert (annotation.path, annotation.start_line) == ("modules/network/shared.tf", 2)
    assert "leads out of this module" in annotation.message and "own folder" in annotation.message
    release = lite.release("network/v1.0.0")
    assert release is not None and "modules/network/shared.tf:2" in (release.reason or "")


@pytest.mark.checklist("T-22")
def test_T22_a_moved_tag_with_a_slash_is_found_and_changes_nothing(hub: Hub) -> None:
    hub.commits[SECOND] = FILES | {"modules/network/main.tf": b"# other\n"}
    hub.push("network/v1.0.0")
    hub.tags |= {"network/v1.0.0": SECOND, "dns/v0.1.0": SECOND, "api/v7.0.0": SECOND, "nightly": SECOND}
    with hub.database.unit_of_work() as session:
        installations.record(
            session, installation_id=1, account_id=11, account_login="acme", account_type="Organization", state="active"
        )
    hub.run("reconcile_tags")
    with hub.database.read() as session:
        from core.models import OutboxRow

        told = [row.payload["tag"] for row in session.scalars(select(OutboxRow)) if row.event == "TagAppeared"]
    assert sorted(told) == ["dns/v0.1.0", "network/v1.0.0"]
    hub.push("network/v1.0.0", SECOND)
    release = hub.release("network/v1.0.0")
    assert release is not None and (release.commit_sha, release.moved_to) == (FIRST, SECOND)
    hub.run("report_moved_tag", **WHERE, release_id=release.id, moved_to=SECOND)
    assert hub.shown[SECOND, "Terrasmith: version network/v1.0.0"]["conclusion"] == "failure"
    assert hub.files("acme/network/aws", "1.0.0")[1] == "main.tf"


def test_a_tag_that_is_too_long_is_refused_on_its_commit_and_leaves_no_row(hub: Hub) -> None:
    tag = f"network/v1.0.0-{'x' * 200}"
    for _ in range(2):
        hub.push(tag)
    [(_, output)] = hub.shown.items()
    assert output["conclusion"] == "failure" and "may have 200" in output["summary"]
    assert hub.release(tag) is None


def test_a_tag_of_a_repository_that_declares_nothing_leaves_nothing(lite: Hub) -> None:
    lite.commits[FIRST] = {"main.tf": TF}
    lite.tags["api/v1.0.0"] = FIRST
    assert lite.run("adopt_tag", **WHERE, tag="api/v1.0.0") == "done"
    assert lite.release("api/v1.0.0") is None and not lite.shown


def test_a_tag_on_a_commit_from_before_the_declaration_is_remembered_in_silence(lite: Hub) -> None:
    lite.push("network/v1.0.0")
    lite.commits[SECOND] = {"modules/network/main.tf": TF}
    assert lite.push("network/v0.9.0", SECOND) is None
    release = lite.release("network/v0.9.0")
    assert release is not None and (release.state, release.reason) == (
        "refused",
        "The commit has no `.terrasmith.hcl`.",
    )


def test_the_root_may_be_a_module_of_its_own_beside_the_others(lite: Hub) -> None:
    root = b'module "all" {\n  system = "aws"\n  path = "."\n  tag_prefix = ""\n}\n'
    lite.commits[FIRST] = {"main.tf": TF, "modules/dns/main.tf": TF, ".terrasmith.hcl": DECLARED + root}
    assert lite.push("v2.0.0") is not None and lite.push("dns/v0.1.0") is not None
    assert lite.files("acme/all/aws", "2.0.0") == ["main.tf", "modules/dns/main.tf"]
    assert lite.files("acme/dns/aws", "0.1.0") == ["main.tf"]


@pytest.mark.checklist("T-11")
def test_T11_an_address_keeps_its_repository_and_its_folder_until_an_operator_moves_it(hub: Hub) -> None:
    """Neither a neighbour in the repository nor another repository can publish into it."""
    hub.push("network/v1.0.0")
    hub.commits[SECOND] = {"net/main.tf": TF, ".terrasmith.hcl": DECLARED.replace(b"modules/network", b"net")}
    told = hub.push("network/v1.1.0", SECOND)
    assert told is not None and told["conclusion"] == "failure"
    assert "terrasmith module move acme/network/aws --path net" in told["summary"]
    hub.repository = Repository(**{**vars(INFRA), "id": 8, "full_name": "acme/evil", "name": "evil"})
    foreign = hub.push("network/v1.2.0", SECOND)
    assert foreign is not None and foreign["conclusion"] == "failure" and "another repository" in foreign["summary"]
    hub.repository = INFRA
    with hub.database.unit_of_work() as session:
        moving.move(session, Address.parse("acme/network/aws"), path="net")
        module = session.scalars(select(Module)).one()
        assert [one.action for one in audit.of_subject(session, f"module:{module.id}")] == ["module.move"]
    release = hub.release("network/v1.1.0")
    assert release is not None
    hub.run("publish_version", release_id=release.id)
    assert hub.versions("acme/network/aws") == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize("path", ["../x", "/x", "a//b"])
def test_a_module_moves_to_real_folders_only(lite: Hub, path: str) -> None:
    lite.push("network/v1.0.0")
    with lite.database.unit_of_work() as session, pytest.raises(UserError):
        moving.move(session, Address.parse("acme/network/aws"), path=path)
    with lite.database.unit_of_work() as session, pytest.raises(UserError, match="no module"):
        moving.move(session, Address.parse("acme/none/aws"), path="x")


def known(hub: Hub) -> None:
    with hub.database.unit_of_work() as session:
        declarations.note(session, 7)


def test_a_pull_request_is_judged_for_the_modules_it_touches(lite: Hub) -> None:
    known(lite)
    lite.changed = ("modules/network/main.tf", "README.md")
    told = lite.check()
    assert told is not None and told["conclusion"] == "success"
    assert lite.judged == [("README.md", "main.tf", "modules/peering/main.tf")]


def test_a_pull_request_that_touches_several_gets_one_check_with_the_worst_verdict(lite: Hub) -> None:
    known(lite)
    finding = Finding("screen", "error", "no", "main.tf", 3)
    lite.reports = {"main.tf": Report("safety", "x", "builtin", "L1", "refused", (), (finding,))}
    lite.changed = (".terrasmith.hcl",)  # concerns every module
    told = lite.check()
    assert told is not None and told["conclusion"] == "failure"
    assert len(lite.judged) == 2
    assert [one.path for one in told["annotations"]] == ["modules/network/main.tf"]


def test_a_pull_request_that_touches_no_module_is_not_judged(lite: Hub) -> None:
    known(lite)
    lite.changed = ("README.md", "apps/main.go")
    for _ in range(2):
        told = lite.check()
        assert told is not None and told["conclusion"] == "neutral" and "2 modules" in told["summary"]
    assert lite.judged == []


@pytest.mark.parametrize(
    ("declaration", "line", "says"),
    [
        (DECLARED.replace(b"modules/dns", b"/dns"), 7, "absolute"),
        (DECLARED.replace(b"modules/dns", b"modules/gone"), 5, "holds no .tf file"),
    ],
)
def test_a_pull_request_that_breaks_the_declaration_is_red_at_its_line(
    lite: Hub, declaration: bytes, line: int, says: str
) -> None:
    known(lite)
    lite.commits[FIRST] = FILES | {".terrasmith.hcl": declaration}
    lite.changed = (".terrasmith.hcl",)
    told = lite.check()
    assert told is not None and told["conclusion"] == "failure"
    [annotation] = told["annotations"]
    assert (annotation.path, annotation.start_line, says in annotation.message) == (".terrasmith.hcl", line, True)


def test_too_many_modules_at_once_are_undecided(lite: Hub) -> None:
    known(lite)
    count = MOST_JUDGED + 1
    text = "".join(f'module "m{one}" {{\n  system = "aws"\n  path = "m{one}"\n}}\n' for one in range(count))
    lite.commits[FIRST] = {".terrasmith.hcl": text.encode(), **{f"m{one}/main.tf": TF for one in range(count)}}
    lite.changed = tuple(f"m{one}/main.tf" for one in range(count))
    told = lite.check()
    assert told is not None and told["conclusion"] == "action_required" and "Split it" in told["summary"]
    lite.changed = (".terrasmith.hcl", "m3/main.tf")
    told = lite.check()
    assert told is not None and told["conclusion"] == "success" and len(lite.judged) == 1


def test_a_fork_and_a_repository_that_declares_no_more_are_left_alone(lite: Hub) -> None:
    assert lite.check() is None, "nobody has seen a declaration there"
    known(lite)
    lite.own = False
    told = lite.check()
    assert told is not None and told["conclusion"] == "neutral" and "fork" in told["summary"]
    lite.shown.clear()
    lite.own, lite.commits[FIRST] = True, {"main.go": b""}
    assert lite.check() is None
    assert lite.judged == []


def test_a_merge_releases_nothing_where_modules_are_declared_and_who_waits_is_told(hub: Hub) -> None:
    hub.repository = Repository(**{**vars(INFRA), "name": "terraform-aws-x", "full_name": "acme/terraform-aws-x"})
    new = NewRequest(
        source="comment:7:1", installation_id=1, repository_id=7, repository="acme/terraform-aws-x", issue_number=1,
        comment_id=1, on_pull_request=False, author_login="ada", author_id=4, command="generate", prompt="x",
        options={}, problem=None,
    )  # fmt: skip
    with hub.database.unit_of_work() as session:
        request = requests.receive(session, new)
        assert request is not None
        requests.accept(session, request.id)
        requests.set_target(session, request.id, 7, "acme/terraform-aws-x")
        requests.attach_pull(session, request.id, 3)
    assert hub.run("release_module", **WHERE, number=3, merge_sha=FIRST) == "done"
    with hub.database.read() as session:
        told = requests.get(session, request.id)
        assert releases.find_by_merge(session, 7, 3) is None
    assert told.state == "merged" and "push the version's tag" in (told.reason or "")


def test_a_repository_is_noted_once(hub: Hub) -> None:
    with hub.database.unit_of_work() as session:
        assert declarations.note(session, 7) and not declarations.note(session, 7)
        assert declarations.among(session, (6, 7, 8)) == {7}
        assert checks.find(session, 7, FIRST, checks.PULL) is None
