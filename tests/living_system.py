"""Drives a whole Terrasmith from outside: started by its command line, spoken to over GitHub's API, git and Terraform.

Looks inside (database, processes) only to count effects and to wait for rest, never to make something happen.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil
from sqlalchemy import text

from core.db import Database
from gate.scanning.warm import ScannerSettings, find_python
from terrasmith.story import Story
from terrasmith.up import Addresses, Person
from terrasmith.visitor import GitHubVisitor, Terraform, find_terraform

START_SECONDS = 180
PATIENCE_SECONDS = 120
# Everything but these comes to rest.
_TICKS = ("reconcile_installations", "reconcile_tags", "redeliver_deliveries", "prune_rows", "verify_objects")

CHILDREN = {"valkey", "github", "web", "web-tls", "engine", "relay", "worker-quick", "worker-heavy"}
CHILDREN |= {"scanner"} if find_python(ScannerSettings()) else set()
BROKEN_TF = 'variable "name" {\n  type = string\n}\n\noutput "name" {\n  value = var.nme\n}\n'
BROKEN_LINE = 6
GOOD_TF = (
    'terraform {\n  required_version = ">= 1.5"\n}\n\n'
    'variable "name" {\n  type        = string\n  description = "What to call it."\n}\n\n'
    'output "name" {\n  value       = var.name\n  description = "The same."\n}\n'
)


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true thing that `look` gives; AssertionError that names what never came."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.1)


class SilentTeller:
    """Keeps the titles of the steps, for the message of a failure."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def begin(self, title: str) -> None:
        self.steps.append(title)

    def note(self, text: str) -> None:
        self.steps.append(f"    {text}")

    def end(self, seconds: float, error: str | None) -> None:
        self.steps[-1] += f" ({seconds:.1f} s{', ' + error if error else ''})"


def run(*arguments: str, seconds: float = PATIENCE_SECONDS, **more: str) -> subprocess.CompletedProcess[str]:
    """`terrasmith ARGUMENTS` with these further variables."""
    return subprocess.run(
        [sys.executable, "-m", "terrasmith", *arguments],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


class System:
    """One running `terrasmith up --simulate --json`."""

    def __init__(self, directory: Path, **more: str) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._log = (directory / "up.log").open("ab")
        with (directory / "up.json").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "terrasmith", "up", "--simulate", "--json", "--data-dir", str(directory)],
                env={**os.environ, **more},
                stdout=output,
                stderr=self._log,
            )
        self._database_url = more.get("DATABASE_URL", f"sqlite:///{directory / 'terrasmith.db'}")
        self._open = ExitStack()
        try:
            self.line = self._read_line()
            self.addresses = _addresses(json.loads(self.line))
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        self.writer = self.visitor(self.addresses.writer.token)
        self.reviewer = self.visitor(self.addresses.reviewer.token)
        self.stranger = self.visitor(self.addresses.stranger.token)
        self.database = Database(self._database_url)
        self._open.callback(self.database.dispose)
        self.web = self._open.enter_context(httpx.Client(base_url=self.addresses.github_web_url, timeout=30))

    def _read_line(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while not (line := self.output()).endswith("\n"):
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"it was not ready after {START_SECONDS} s:\n{self.log()}"
            time.sleep(0.05)
        return line

    def output(self) -> str:
        """Everything it has printed on standard output."""
        return (self.directory / "up.json").read_text(encoding="utf-8")

    # Ends

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait: the exit code."""
        self._open.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self._log.close()
        return code

    def log(self) -> str:
        return (self.directory / "up.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    # People

    def visitor(self, token: str) -> GitHubVisitor:
        visitor = GitHubVisitor(self.addresses.github_url, token)
        self._open.callback(visitor.close)
        return visitor

    def story(self, folder: Path, prompt: str) -> Story:
        story = Story(self.addresses, self.terraform, folder, SilentTeller(), prompt)
        self._open.callback(story.close)
        return story

    @property
    def terraform(self) -> Terraform:
        return find_terraform()

    def say(self, body: str, *, who: GitHubVisitor | None = None, repository: str | None = None) -> "Talk":
        """A new issue and a comment on it."""
        issue = self.open(f"Talk about {body[:40]!r}", "See below.", who=who, repository=repository)
        issue.comment(body, who=who)
        return issue

    def open(self, title: str, body: str, *, who: GitHubVisitor | None = None, repository: str | None = None) -> "Talk":
        where = f"/repos/{repository or self.addresses.repository}"
        made = (who or self.writer).post(f"{where}/issues", {"title": title, "body": body})
        return Talk(self, where, made["number"])

    def make_repository(self, name: str, files: Mapping[str, str] | None = None, *, private: bool = False) -> str:
        """A repository that a person made, with these files on its default branch: `/repos/OWNER/NAME`."""
        owner = self.addresses.organisation
        self.writer.post(f"/orgs/{owner}/repos", {"name": name, "auto_init": True, "private": private})
        for path, content in (files or {}).items():
            self.put_file(f"/repos/{owner}/{name}", path, content)
        return f"/repos/{owner}/{name}"

    def put_file(self, where: str, path: str, content: str, branch: str = "main") -> str:
        """Write a file in a commit of its own: the commit's SHA."""
        known = self.writer.find(f"{where}/contents/{path}", ref=branch)
        body = {"message": f"Write {path}", "content": b64encode(content.encode()).decode(), "branch": branch}
        body |= {"sha": known["sha"]} if known else {}
        return str(self.writer.put(f"{where}/contents/{path}", body)["commit"]["sha"])

    def propose(self, where: str, branch: str, path: str, content: str) -> dict[str, Any]:
        """A branch with one changed file, and a pull request for it."""
        base = self.writer.get(f"{where}/git/ref/heads/main")["object"]["sha"]
        self.writer.post(f"{where}/git/refs", {"ref": f"refs/heads/{branch}", "sha": base})
        self.put_file(where, path, content, branch)
        made: dict[str, Any] = self.writer.post(
            f"{where}/pulls", {"title": f"Change {path}", "head": branch, "base": "main", "body": "Wanted."}
        )
        return made

    def check_run(self, where: str, sha: str, name: str) -> dict[str, Any]:
        """The completed check run of this name on a commit; a version's is named with its tag."""
        path = f"{where}/commits/{sha}/check-runs"

        def look() -> dict[str, Any] | None:
            runs = self.writer.get(path)["check_runs"]
            fits = [run for run in runs if run["name"] == name or run["name"].startswith(f"{name} ")]
            return next((run for run in fits if run["status"] == "completed"), None)

        found: dict[str, Any] = until(look, f"the check run {name!r} on {where}@{sha[:7]}")
        return found

    # The app

    def as_app(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A request of the app itself, with its JWT."""
        kept = self.local()
        now = int(time.time())
        token = jwt.encode({"iat": now - 10, "exp": now + 300, "iss": "1"}, kept["app_private_key"], "RS256")
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
        reply = httpx.request(method, f"{self.addresses.github_url}{path}", headers=headers, json=body, timeout=30)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def local(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "local.json").read_text(encoding="utf-8")))

    def failed_deliveries(self) -> list[dict[str, Any]]:
        return list(self.as_app("GET", "/app/hook/deliveries?status=failure&per_page=100"))

    # What it did

    def ledger(self, kind: str = "", subject: str = "") -> list[dict[str, Any]]:
        """The simulator's list of effects."""
        reply = self.web.get("/_simulator/ledger", params={"kind": kind, "subject": subject})
        return list(reply.raise_for_status().json())

    def violations(self) -> list[Any]:
        """Where a request of the bot or an answer strayed from GitHub's description, since somebody last asked."""
        reply = self.web.get("/_simulator/violations").raise_for_status().json()
        assert reply["checked"]["answer"] > 0, "nothing was held to the contract"
        self.web.delete("/_simulator/violations").raise_for_status()
        return list(reply["violations"])

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.execute(text(query), values))

    def rest(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until every webhook was heard and no event and no job is left to do."""
        until(lambda: not self.unrest(), "rest", seconds)

    def unrest(self) -> list[Any]:
        with suppress(httpx.HTTPError):
            pending = self.web.get("/_simulator/deliveries/pending").json()["pending"]
            names = ", ".join(f"'{name}'" for name in _TICKS)
            busy = f"SELECT name FROM jobs WHERE state IN ('waiting','queued','running') AND name NOT IN ({names})"
            return [*([pending] if pending else []), *self.rows("SELECT event FROM outbox WHERE relayed_at IS NULL"),
                    *self.rows(busy)]  # fmt: skip
        return ["GitHub does not answer"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """An operator's command on this system's database."""
        redis = f"redis://127.0.0.1:{self.local()['ports']['valkey']}/0"
        return run(*arguments, DATABASE_URL=self._database_url, REDIS_URL=redis, COLUMNS="200")

    # Processes

    def children(self) -> dict[str, psutil.Process]:
        """The supervised processes that live now, by their names."""
        with suppress(OSError, ValueError):
            listed = json.loads((self.directory / "processes.json").read_text(encoding="utf-8"))["children"]
            found = {}
            for child in listed:
                with suppress(psutil.NoSuchProcess):
                    process = psutil.Process(child["pid"])
                    if abs(process.create_time() - child["created"]) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                        found[str(child["name"])] = process
            return found
        return {}

    def serves(self) -> bool:
        """Whether every process lives and the registry answers at both of its addresses."""
        found = self.addresses
        ports = [int(host.rpartition(":")[2]) for host in (found.registry_host, found.https_host)]
        return self.children().keys() == CHILDREN and all(_listens(port) for port in ports)

    def family(self) -> list[psutil.Process]:
        """Every process of this system, the supervisor included."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


def _listens(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=2)):
        return True
    return False


def play(story: Story, *, second_version: bool = True) -> None:
    """Play it to the end; a failure shows the steps that went well before."""
    try:
        story.play(second_version=second_version)
    except Exception as error:
        assert isinstance(story.teller, SilentTeller)
        error.add_note("\n".join(story.teller.steps))
        raise


def assert_single_effects(system: System, story: Story, versions: tuple[str, ...]) -> None:
    """Exactly one of everything that the story brought about."""
    talk = Talk(system, story.home, story.facts["issue"])
    assert_one_of_each(talk, story.facts["repository"]["full_name"], story.facts["pull"]["number"], versions)


def assert_one_of_each(talk: "Talk", repository: str, pull: int, versions: tuple[str, ...]) -> None:
    """In GitHub's list of effects, in what GitHub shows now, and in our database."""
    system, where = talk.system, f"/repos/{repository}"
    home = f"{talk.where.removeprefix('/repos/')}#{talk.number}"

    def made(kind: str, subject: str) -> int:
        ours = [one for one in system.ledger(kind) if one["actor"] == "terrasmith[bot]"]
        return sum(one["subject"] == subject for one in ours)

    tags, asked = [f"v{version}" for version in versions], f"{repository}#{pull}"
    assert made("repository.created", repository) == 1
    assert made("pull_request.opened", asked) == 1
    assert made("comment.created", home) == 1, "one living comment"
    assert made("issue.closed", home) == 1
    assert made("comment.created", asked) == 1, "one comment with the module block"
    assert [made("ref.created", f"{repository}:refs/tags/{tag}") for tag in tags] == [1 for _ in tags]
    assert [made("release.published", f"{repository}@{tag}") for tag in tags] == [1 for _ in tags]

    by_app = [one for one in system.writer.get(f"{where}/pulls", state="all") if one["user"]["type"] == "Bot"]
    assert [one["number"] for one in by_app] == [pull]
    assert sorted(one["name"] for one in system.writer.get(f"{where}/tags")) == sorted(tags)
    assert sorted(one["tag_name"] for one in system.writer.get(f"{where}/releases")) == sorted(tags)

    [request] = talk.requests()
    assert request.state == "published"
    published = system.rows(
        "SELECT version FROM versions JOIN modules ON modules.id = versions.module_id"
        " WHERE name = :name AND system = :system",
        name=repository.split("-", 2)[2],
        system=repository.split("-", 2)[1],
    )
    assert sorted(row.version for row in published) == sorted(versions)
    since = "(SELECT MIN(id) FROM jobs WHERE subject = :subject)"
    given_up = f"SELECT id, name, error FROM jobs WHERE state = 'dead' AND id >= {since}"
    assert system.rows(given_up, subject=f"request:{request.id}") == []


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run. A zombie nobody has reaped yet has ended."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill(process: psutil.Process) -> None:
    """SIGKILL, and wait: one that is still dying lives and listens, to whoever asks whether everybody is back."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
    until(lambda: not living([process]), f"{process} to be dead")


@dataclass
class Talk:
    """An issue and what was said on it."""

    system: System
    where: str
    number: int
    comment_id: int | None = None

    def comment(self, body: str, who: GitHubVisitor | None = None) -> int:
        made = (who or self.system.writer).post(f"{self.where}/issues/{self.number}/comments", {"body": body})
        self.comment_id = int(made["id"])
        return self.comment_id

    def answers(self) -> list[str]:
        """What Terrasmith said here, oldest first."""
        comments = self.system.reviewer.get(f"{self.where}/issues/{self.number}/comments", per_page=100)
        return [one["body"] for one in comments if one["user"]["login"] == "terrasmith[bot]"]

    def answer(self, *parts: str) -> str:
        """The one answer that holds all of these."""

        def look() -> str | None:
            return next((body for body in self.answers() if all(part in body for part in parts)), None)

        try:
            return str(until(look, f"an answer with {parts}"))
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.answers()}") from None

    def requests(self) -> list[Any]:
        """Our rows about it."""
        query = "SELECT * FROM requests WHERE repository_id = :repository AND issue_number = :number"
        repository_id = self.system.writer.get(self.where)["id"]
        return self.system.rows(query, repository=repository_id, number=self.number)


def _addresses(values: dict[str, Any]) -> Addresses:
    people = {name: Person(**values[name]) for name in ("writer", "reviewer", "stranger")}
    return Addresses(**{**values, **people})
