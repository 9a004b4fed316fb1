"""GitHub in a test's hand with a repository of several modules, and a worker's environment around it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from accounts import namespaces
from bot import releases
from bot.github.values import Commit, Pull, Repository
from bot.models import Release
from core import jobs
from core.db import Database
from gate.report import Report
from registry.services import catalog
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, pack, unpack
from workers import execution
from workers.jobs import JOBS

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
            judge=lambda profile, _modules: lambda files: self.judge(profile, files),
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
            found = session.scalar(select(Release.id).where(Release.repository_id == 7, Release.tag == tag))
            return releases.get(session, found) if found is not None else None

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


def hub_of(database: Database, folder: Path) -> Hub:
    """With a public namespace for the repository's owner."""
    with database.unit_of_work() as session:
        namespaces.bind(session, 11, "acme", "Organization", "public")
    return Hub(database, LocalStorage(folder / "storage"))
